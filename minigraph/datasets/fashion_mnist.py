"""Pictures of clothes: 70,000 grey ones of 28 by 28 pixels, in the format of the digits."""

from . import mnist
from .files import Arrays, Source, parse_files

__all__ = ["load_data"]

# Sizes and SHA-256 as in `url_checksums/fashion_mnist.txt` of TensorFlow Datasets. Untested
# with the files themselves: only these numbers are known, and that the format is that of MNIST.
FILES = """
train-images-idx3-ubyte.gz 26421880 3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84
train-labels-idx1-ubyte.gz 29515 a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845
t10k-images-idx3-ubyte.gz 4422102 346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073
t10k-labels-idx1-ubyte.gz 5148 67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5
"""
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
SOURCE = Source("fashion_mnist", MIRRORS, parse_files(FILES))


def load_data() -> tuple[Arrays, Arrays]:
    """Pictures of clothes as ((x_train, y_train), (x_test, y_test)), all uint8.

    The labels 0 to 9 are T-shirt, trousers, pullover, dress, coat, sandal, shirt, sneaker, bag and
    ankle boot. The first call downloads 31 MB into the folder that the environment variable
    `MINIGRAPH_DATA` names, else into the system's cache.
    Shapes: x (60000, 28, 28) and (10000, 28, 28), y (60000,) and (10000,).
    Raises ConnectionError, with what to put where, if no mirror has the files.
    Source: Xiao et al. (2017).
    """
    return mnist.read_all(SOURCE)
