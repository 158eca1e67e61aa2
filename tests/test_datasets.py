"""Files of data sets, from a server on this machine that lies, stalls and breaks; no network."""

import contextlib
import gzip
import hashlib
import io
import math
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import tracemalloc
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import minigraph
from minigraph.datasets import __main__ as command
from minigraph.datasets import cifar10, fashion_mnist, files, mnist
from minigraph.saving.file import FileDamaged

PAYLOAD = bytes(range(256)) * 40
ROOT = Path(__file__).parent.parent


# ---------------------------------------------------------------------------------------------
# A server that does what a test tells it to


class Handler(BaseHTTPRequestHandler):
    """Answers a path with the next of its prepared answers; the last one stays."""

    def do_GET(self):
        self.server.seen.append(self.path)
        answers = self.server.answers[self.path]
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *_):
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    answers, seen = {}, []

    def handle_error(self, request, address):
        if not isinstance(sys.exception(), ConnectionError):  # a client may hang up
            raise sys.exception()


def send(data, status=200, kind="application/gzip", length=None, **headers):
    """An answer with these bytes. `length` is what it says of them; "" says nothing."""

    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        if length != "":
            handler.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


@pytest.fixture(scope="module")
def running():
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server(running, monkeypatch, tmp_path):
    """The server without any answer, an empty cache, and no patience."""
    running.answers, running.seen = {}, []
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MINIGRAPH_DATA", str(tmp_path / "cache"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(files, "PAUSES", (0, 0.01, 0.01))
    return running


def source(server, answers, data=PAYLOAD, mirrors=("a",)):
    """A data set of one file; `answers` are those of the first mirror, the others are good."""
    server.answers |= {f"/{mirror}/file.bin": [send(data)] for mirror in mirrors}
    server.answers[f"/{mirrors[0]}/file.bin"] = list(answers)
    file = files.File("file.bin", len(data), hashlib.sha256(data).hexdigest())
    return files.Source("tiny", tuple(f"{server.url}/{m}/" for m in mirrors), (file,))


def cached():
    """What lies in the cache: paths and bytes, temporary files too."""
    folder = Path(os.environ["MINIGRAPH_DATA"])
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


WHOLE = {"tiny/file.bin": PAYLOAD}


# ---------------------------------------------------------------------------------------------
# Fetching


def test_a_file_is_fetched_once_and_silently(server, capsys):
    tiny = source(server, [send(PAYLOAD)])
    assert files.load(tiny) == [PAYLOAD]
    assert files.load(tiny) == [PAYLOAD]
    assert server.seen == ["/a/file.bin"]
    assert cached() == WHOLE
    assert capsys.readouterr() == ("", "")


def hang_up_early(handler):
    send(PAYLOAD[:5000], length=len(PAYLOAD))(handler)


def hang_up_at_once(handler):
    handler.close_connection = True


def endless(handler):
    send(b"", length="")(handler)
    while True:
        handler.wfile.write(bytes(2**16))


def wait_long(handler):
    send(PAYLOAD[:10], length=len(PAYLOAD))(handler)
    threading.Event().wait(10)


LOGIN_PAGE = b"<!doctype html><title>Welcome to the hotel</title>" + bytes(500)
TROUBLES = {
    "truncated": (hang_up_early, "5000 of 10240 bytes"),
    "hangs up": (hang_up_at_once, "closed connection|reset by peer"),
    "declares too little": (send(PAYLOAD, length=5000), "offers 5000 bytes"),
    "declares too much": (send(PAYLOAD, length=10**15), f"offers {10**15} bytes"),
    "declares nonsense": (send(PAYLOAD, length="many"), "offers many bytes"),
    "longer than declared": (send(bytes(20_000), length=len(PAYLOAD)), "were changed"),
    "endless": (endless, "10,241 bytes were changed"),
    "other bytes": (send(PAYLOAD[::-1]), "were changed"),
    "login page": (send(LOGIN_PAGE, kind="text/html"), "bytes of text/html instead"),
    "login page without length": (send(LOGIN_PAGE, kind="text/html", length=""), "text/html"),
    "trouble of the server": (send(b"", 500), "500"),
    "not there": (send(b"", 404), "404"),
    "stalls": (wait_long, "timed out"),
    "redirects for ever": (send(b"", 302, Location="/a/file.bin"), "infinite loop"),
    "redirects to the disk": (send(b"", 302, Location="file:///etc/hostname"), "not allowed"),
}


def impatient(monkeypatch, trouble):
    """Wait briefly where waiting is what is tested; on a busy machine all answers may be slow."""
    if trouble == "stalls":
        monkeypatch.setattr(files, "TIMEOUT", 0.4)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_next_mirror_helps(server, monkeypatch, trouble):
    impatient(monkeypatch, trouble)
    answer, _ = TROUBLES[trouble]
    assert files.load(source(server, [answer], mirrors="ab")) == [PAYLOAD]
    assert server.seen[-1] == "/b/file.bin" and cached() == WHOLE


@pytest.mark.parametrize("trouble", TROUBLES)
def test_without_another_mirror_the_reason_is_said_and_nothing_kept(server, monkeypatch, trouble):
    impatient(monkeypatch, trouble)
    answer, reason = TROUBLES[trouble]
    with pytest.raises(ConnectionError, match=reason):
        files.load(source(server, [answer]))
    assert cached() == {}


@pytest.mark.parametrize("trouble", ["truncated", "hangs up", "trouble of the server"])
def test_what_may_pass_is_asked_again(server, trouble):
    answer, _ = TROUBLES[trouble]
    assert files.load(source(server, [answer, answer, send(PAYLOAD)])) == [PAYLOAD]
    assert len(server.seen) == 3 and cached() == WHOLE


def drip(start):
    """An answer that comes byte by byte: its headers, or its body after them."""

    def answer(handler):
        whole = f"HTTP/1.1 200 OK\r\nContent-Length: {len(PAYLOAD)}\r\n\r\n".encode()
        if start == "body":
            handler.wfile.write(whole)
            whole = PAYLOAD
        with contextlib.suppress(OSError):  # the client hangs up
            for k in range(100):
                handler.wfile.write(whole[k : k + 1])
                time.sleep(0.05)

    return answer


@pytest.mark.parametrize("start", ["headers", "body"])
def test_a_server_that_sends_a_byte_now_and_then_is_given_up(server, monkeypatch, start):
    monkeypatch.setattr(files, "PATIENCE", 0.3)
    monkeypatch.setattr(files, "SLOWEST", 10**9)
    begun = time.monotonic()
    assert files.load(source(server, [drip(start)], mirrors=("a", "b"))) == [PAYLOAD]
    assert server.seen == ["/a/file.bin", "/b/file.bin"]
    assert 0.3 <= time.monotonic() - begun < 3
    with pytest.raises(ConnectionError, match="not complete after 0 seconds"):
        files.load(source(server, [drip(start)])._replace(name="other"))


@pytest.mark.parametrize("trouble", ["not there", "other bytes", "stalls"])
def test_what_will_not_pass_is_not_asked_again(server, monkeypatch, trouble):
    impatient(monkeypatch, trouble)
    answer, _ = TROUBLES[trouble]
    with pytest.raises(ConnectionError):
        files.load(source(server, [answer, send(PAYLOAD)]))
    assert len(server.seen) == 1


def test_a_redirect_is_followed(server):
    tiny = source(server, [send(b"", 302, Location="/elsewhere")])
    server.answers["/elsewhere"] = [send(PAYLOAD)]
    assert files.load(tiny) == [PAYLOAD]


def test_progress_is_for_people_at_a_terminal(server, monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    files.load(source(server, [send(PAYLOAD)]))
    assert re.fullmatch(r"(\rfile.bin [ \d]{3}%)*\rfile.bin 100%\n", screen.getvalue())


# ---------------------------------------------------------------------------------------------
# The cache


@pytest.mark.parametrize("damaged", [b"", PAYLOAD[:-1], PAYLOAD[::-1], PAYLOAD + b"!"])
def test_a_damaged_file_in_the_cache_is_fetched_anew(server, tmp_path, damaged):
    path = tmp_path / "cache" / "tiny" / "file.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(damaged)
    with pytest.raises(ConnectionError, match=r"cache/tiny/file\.bin\n"):
        files.load(source(server, [send(b"", 404)]))
    assert path.read_bytes() == damaged
    assert files.load(source(server, [send(PAYLOAD)])) == [PAYLOAD]
    assert cached() == WHOLE


def test_a_huge_file_in_the_cache_is_not_read(server, tmp_path):
    path = tmp_path / "cache" / "tiny" / "file.bin"
    path.parent.mkdir(parents=True)
    path.touch()
    os.truncate(path, 2**36)  # no disk is used: the file is one hole
    with pytest.raises(ConnectionError, match="68,719,476,736 bytes, and 10,240 are allowed"):
        files.load(source(server, [send(b"", 404)]))
    path.unlink()
    path.mkdir()  # a folder in the way
    with pytest.warns(UserWarning, match="cannot be kept"):
        assert files.load(source(server, [send(PAYLOAD)])) == [PAYLOAD]


def test_a_folder_that_takes_no_file_is_replaced_by_a_temporary_one(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MINIGRAPH_DATA", str(tmp_path / "file" / "inside"))
    tiny = source(server, [send(PAYLOAD)])
    with pytest.warns(UserWarning, match="cannot be kept in .*inside/tiny.*Set MINIGRAPH_DATA"):
        assert files.load(tiny) == [PAYLOAD]
    assert files.load(tiny) == [PAYLOAD] and len(server.seen) == 1
    kept = tmp_path / "temporary" / "minigraph" / "tiny" / "file.bin"
    assert kept.read_bytes() == PAYLOAD


def test_data_are_given_even_if_they_can_be_kept_nowhere(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MINIGRAPH_DATA", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="cannot be kept") as said:
        assert files.load(source(server, [send(PAYLOAD)])) == [PAYLOAD]
    assert len(said) == 2


def test_a_full_disk_leaves_no_part_of_a_file(server, monkeypatch):
    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.warns(UserWarning, match="No space left"):
        assert files.load(source(server, [send(PAYLOAD)])) == [PAYLOAD]
    assert cached() == {}


def test_where_the_cache_is(monkeypatch):
    monkeypatch.setenv("HOME", "/home/reader")
    for name in ("MINIGRAPH_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    found = {}
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr(files.sys, "platform", platform)
        found[platform] = files.cache_folder()
    monkeypatch.undo()
    assert found == {
        "linux": "/home/reader/.cache/minigraph",
        "darwin": "/home/reader/Library/Caches/minigraph",
        "win32": "/home/reader/.cache/minigraph",
    }
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    monkeypatch.delenv("MINIGRAPH_DATA", raising=False)
    assert files.cache_folder() == "/elsewhere/minigraph"
    monkeypatch.setenv("MINIGRAPH_DATA", "~/data")
    assert files.cache_folder() == os.path.expanduser("~/data")


def process(tiny):
    """Another Python that loads a data set."""
    code = f"""
from minigraph.datasets.files import File, Source, load
print(len(load(Source({tiny.name!r}, {tiny.mirrors!r}, (File(*{tuple(tiny.files[0])!r}),)))[0]))
"""
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)


def test_two_processes_at_once(server):
    together = threading.Barrier(2, timeout=60)

    def meet(handler):
        together.wait()
        send(PAYLOAD)(handler)

    tiny = source(server, [meet])
    processes = [process(tiny), process(tiny)]
    assert [p.communicate(timeout=60)[0] for p in processes] == [b"10240\n"] * 2
    assert cached() == WHOLE


@pytest.mark.linux
def test_a_killed_download_leaves_nothing_behind(server):
    half_sent, killed = threading.Event(), threading.Event()

    def half(handler):
        send(PAYLOAD[:5000], length=len(PAYLOAD))(handler)
        half_sent.set()
        killed.wait(60)

    tiny = source(server, [half, send(PAYLOAD)])
    with process(tiny) as loading:
        assert half_sent.wait(60)
        loading.kill()
    killed.set()
    assert loading.returncode == -signal.SIGKILL and cached() == {}
    assert files.load(tiny) == [PAYLOAD]


# ---------------------------------------------------------------------------------------------
# What a person reads


def test_without_a_network_one_screen_says_what_to_put_where(server, monkeypatch, tmp_path):
    mirrors = ("http://127.0.0.1:1/one/", "http://127.0.0.1:1/two/")
    monkeypatch.setattr(mnist, "SOURCE", mnist.SOURCE._replace(mirrors=mirrors))
    with pytest.raises(ConnectionError) as caught:
        mnist.load_data()
    text = str(caught.value)
    assert len(text.splitlines()) <= 24
    assert "data set mnist" in text and "MINIGRAPH_DATA" in text
    assert f"  {tmp_path / 'cache' / 'mnist'}\n" in text
    for mirror in mirrors:
        assert f"  {mirror}train-images-idx3-ubyte.gz\n    <urlopen error [Errno" in text
    for file in mnist.SOURCE.files:
        assert f"  {file.name}  {file.size:,} bytes\n    {file.sha256}\n" in text


def test_the_published_files_are_named_exactly():
    for dataset in (mnist, fashion_mnist, cifar10):
        assert all(m.startswith("https://") and m.endswith("/") for m in dataset.SOURCE.mirrors)
        for file in dataset.SOURCE.files:
            assert len(bytes.fromhex(file.sha256)) == 32 and file.name == Path(file.name).name
    assert sum(file.size for file in mnist.SOURCE.files) == 11_594_722
    assert cifar10.PICTURES * cifar10.RECORD == 30_730_000
    assert [math.prod(shape) for shape in mnist.SHAPES] == [47_040_000, 60_000, 7_840_000, 10_000]


def test_an_import_touches_no_network():
    code = "import sys, minigraph; print('urllib.request' in sys.modules, 'ssl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"False False\n"
    assert minigraph.datasets.mnist.load_data is mnist.load_data


# ---------------------------------------------------------------------------------------------
# MNIST


def idx(array, magic=None, dims=None):
    """An IDX file; its header may tell other numbers."""
    header = [0x800 + array.ndim if magic is None else magic, *(dims or array.shape)]
    return gzip.compress(np.array(header, ">u4").tobytes() + array.tobytes(), mtime=0)


def digits(labels):
    """As many random pictures, and their labels."""
    pictures = np.random.default_rng(len(labels)).integers(0, 256, (len(labels), 28, 28), "uint8")
    return pictures, np.array(labels, "uint8")


def serve_digits(server, monkeypatch, *arrays, dataset=mnist):
    """Let `load_data` find these arrays instead of the digits."""
    packed = [idx(array) for array in arrays]
    names = [file.name for file in dataset.SOURCE.files]
    table = "\n".join(
        f"{name} {len(data)} {hashlib.sha256(data).hexdigest()}"
        for name, data in zip(names, packed, strict=True)
    )
    for name, data in zip(names, packed, strict=True):
        server.answers[f"/m/{name}"] = [send(data)]
    tiny = files.Source(dataset.SOURCE.name, (f"{server.url}/m/",), files.parse_files(table))
    monkeypatch.setattr(dataset, "SOURCE", tiny)
    monkeypatch.setattr(mnist, "SHAPES", tuple(array.shape for array in arrays))


@pytest.mark.parametrize("dataset", [mnist, fashion_mnist])
def test_digits_and_clothes(server, monkeypatch, dataset):
    train, test = digits([5, 0, 9]), digits([7, 2])
    serve_digits(server, monkeypatch, *train, *test, dataset=dataset)
    for _ in range(2):
        found = dataset.load_data()
        for part, expected in zip(found, (train, test), strict=True):
            for array, original in zip(part, expected, strict=True):
                assert array.dtype == "uint8" and array.flags.writeable and array.flags.c_contiguous
                assert np.array_equal(array, original)
    assert len(server.seen) == 4
    assert sorted(cached()) == sorted(
        f"{dataset.SOURCE.name}/{file.name}" for file in dataset.SOURCE.files
    )


def test_a_label_that_is_no_digit(server, monkeypatch):
    serve_digits(server, monkeypatch, *digits([5, 0]), *digits([7, 10]))
    with pytest.raises(FileDamaged, match="label 10"):
        mnist.load_data()


PICTURES = digits([1, 2])[0]
WRONG_IDX = {
    "magic": (idx(PICTURES, magic=0x801), r"header is \[2049"),
    "floats": (idx(PICTURES, magic=0xD03), r"header is \[3331"),
    "dims": (idx(PICTURES, dims=(28, 2, 28)), r"\[2051, 28, 2, 28\] instead of \[2051, 2, 28, 28"),
    "count": (idx(PICTURES[:1]), r"2051, 1, 28"),
    "promises too much": (idx(PICTURES[:1], dims=(2, 28, 28)), "ends after 800 bytes"),
    "one byte more": (idx(np.append(PICTURES, 0), 0x803, (2, 28, 28)), "more than 1,584 bytes"),
    "empty": (gzip.compress(b""), r"header is \[0, 0, 0, 0\]"),
}


@pytest.mark.parametrize("wrong", WRONG_IDX)
def test_idx_files_that_are_not_what_they_should_be(wrong):
    assert np.array_equal(mnist.read_idx(idx(PICTURES), (2, 28, 28)), PICTURES)
    packed, text = WRONG_IDX[wrong]
    with pytest.raises(FileDamaged, match=text):
        mnist.read_idx(packed, (2, 28, 28))


def test_broken_gzip_data_are_no_file():
    whole = idx(PICTURES)
    flipped = bytearray(whole)
    flipped[-5] ^= 1  # in the checksum of the unpacked bytes
    for broken in (b"", whole[:-9], bytes(flipped), LOGIN_PAGE):
        with pytest.raises((OSError, EOFError, zlib.error, FileDamaged)):
            mnist.read_idx(broken, (2, 28, 28))


def test_a_gzip_bomb_is_not_unpacked():
    bomb = gzip.compress(bytes(2**25), compresslevel=1)
    tracemalloc.start()
    try:
        with pytest.raises(FileDamaged, match="more than 1,584 bytes"):
            mnist.read_idx(bomb, (2, 28, 28))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------------------------------------
# CIFAR-10


def photographs():
    """Six data files of two pictures each, and the arrays in them."""
    random = np.random.default_rng(1)
    pictures = random.integers(0, 256, (6, 2, 32, 32, 3), "uint8")
    labels = np.arange(12, dtype="uint8").reshape(6, 2, 1) % 10
    planes = pictures.transpose(0, 1, 4, 2, 3).reshape(6, 2, -1)
    records = np.concatenate([labels, planes], axis=-1)
    names = cifar10.TRAIN + cifar10.TEST
    return dict(zip(names, map(np.ndarray.tobytes, records), strict=True)), pictures, labels


def pack(members, *others):
    """A tar.gz archive of plain files, and of further members (name, type, bytes)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        plain = [(name, tarfile.REGTYPE, data) for name, data in members.items()]
        for name, kind, data in [*others, *plain]:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(data), "/etc/hostname"
            archive.addfile(member, io.BytesIO(data) if kind == tarfile.REGTYPE else None)
    return buffer.getvalue()


@pytest.fixture
def two_pictures(monkeypatch):
    monkeypatch.setattr(cifar10, "PICTURES", 2)


def test_photographs(server, monkeypatch, two_pictures):
    members, pictures, labels = photographs()
    packed = pack(members, ("cifar-10-batches-bin", tarfile.DIRTYPE, b""))
    tiny = source(server, [send(packed)], packed)._replace(name="cifar10")
    monkeypatch.setattr(cifar10, "SOURCE", tiny)
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert np.array_equal(x_train, pictures[:5].reshape(10, 32, 32, 3))
    assert np.array_equal(y_train, labels[:5].reshape(10, 1))
    assert np.array_equal(x_test, pictures[5]) and np.array_equal(y_test, labels[5])
    for array in (x_train, y_train, x_test, y_test):
        assert array.dtype == "uint8" and array.flags.writeable and array.flags.c_contiguous
    assert list(cached()) == ["cifar10/file.bin"]  # the archive stays packed


def test_other_members_are_left_alone(two_pictures, tmp_path, monkeypatch):
    members, *_ = photographs()
    monkeypatch.chdir(tmp_path)
    others = [
        ("../../outside.txt", tarfile.REGTYPE, b"out"),
        (str(tmp_path / "absolute.txt"), tarfile.REGTYPE, b"out"),
        ("cifar-10-batches-bin/batches.meta.txt", tarfile.REGTYPE, b"airplane"),
        ("link", tarfile.SYMTYPE, b""),
        ("pipe", tarfile.FIFOTYPE, b""),
    ]
    assert cifar10.read_members(pack(members, *others)) == members
    assert list(tmp_path.iterdir()) == []


TEST_FILE = cifar10.TEST[0]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_data_file_that_is_a_link_or_a_folder(two_pictures, kind):
    members, *_ = photographs()
    data = members.pop(TEST_FILE)  # only its length is written: the archive says it links elsewhere
    with pytest.raises(FileDamaged, match="test_batch.bin must be one plain file of 6,146 bytes"):
        cifar10.read_members(pack(members, (TEST_FILE, kind, data)))


def test_archives_that_are_not_what_they_should_be(two_pictures):
    members, *_ = photographs()
    data = members[TEST_FILE]
    for wrong in (data[:-1], data + b"!", b""):
        with pytest.raises(FileDamaged, match="one plain file of 6,146 bytes"):
            cifar10.read_members(pack(members | {TEST_FILE: wrong}))
    with pytest.raises(FileDamaged, match="one plain file"):
        cifar10.read_members(pack(members, (TEST_FILE, tarfile.REGTYPE, data)))  # there twice
    del members[TEST_FILE]
    with pytest.raises(FileDamaged, match="lacks cifar-10-batches-bin/test_batch.bin"):
        cifar10.read_members(pack(members, ("test_batch.bin", tarfile.REGTYPE, data)))
    with pytest.raises(tarfile.ReadError):
        cifar10.read_members(gzip.compress(LOGIN_PAGE))


def test_an_archive_that_is_a_bomb(two_pictures):
    members, *_ = photographs()
    bomb = pack(members, ("readme.html", tarfile.REGTYPE, bytes(2 * cifar10.OTHER_BYTES)))
    with pytest.raises(FileDamaged, match="more than 1,085,452 bytes"):
        cifar10.read_members(bomb)


def test_a_photograph_of_no_class(two_pictures):
    with pytest.raises(FileDamaged, match="label 10"):
        cifar10.read_pictures([bytes([10]) + bytes(cifar10.RECORD - 1)])


# ---------------------------------------------------------------------------------------------
# The command


def test_a_teacher_fetches_before_the_lesson(server, monkeypatch, capsys, tmp_path):
    serve_digits(server, monkeypatch, *digits([5, 0, 9]), *digits([7, 2]))
    monkeypatch.setattr(sys, "argv", ["datasets", "fetch", "mnist"])
    command.main()
    said = capsys.readouterr()
    assert said == (f"mnist: 3 + 2 pictures, kept in {tmp_path / 'cache'}\n", "")
    monkeypatch.setenv("MINIGRAPH_DATA", str(tmp_path / "empty"))
    monkeypatch.setattr(mnist, "SOURCE", mnist.SOURCE._replace(mirrors=("http://127.0.0.1:1/",)))
    with pytest.raises(SystemExit, match="put what follows into the folder"):
        command.main()


def test_the_command_is_a_module():
    run = [sys.executable, "-m", "minigraph.datasets", "fetch", "cats"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "mnist" in done.stderr and "cifar10" in done.stderr
