"""`python -m minigraph.datasets fetch mnist` downloads a data set for later use offline."""

import argparse
import sys

from . import cifar10, fashion_mnist, mnist
from .files import cache_folder


def main() -> None:
    parser = argparse.ArgumentParser("python -m minigraph.datasets")
    parser.add_argument("command", choices=["fetch"], help="download, check and keep")
    known = {"mnist": mnist, "fashion_mnist": fashion_mnist, "cifar10": cifar10}
    parser.add_argument("dataset", choices=[*known])
    name = parser.parse_args().dataset
    try:
        (x_train, _), (x_test, _) = known[name].load_data()
    except ConnectionError as error:
        sys.exit(str(error))
    print(f"{name}: {len(x_train):,} + {len(x_test):,} pictures, kept in {cache_folder()}")


if __name__ == "__main__":
    main()
