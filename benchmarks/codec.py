"""How fast MethodSCRIPT data packages are decoded."""

import time

from faradaic.instruments.emstat.packages import PackageFormat

LINES = 200_000


def lines_per_second(batch: int) -> float:
    """Return the rate at which packages of three variables are decoded, `batch` at a time."""
    lines = [
        f"Peb{index + 2**27:07X}u;da{3_000_000 + index + 2**27:07X}u;ba{index % 100_000 + 2**27:07X}p,10,20F"
        for index in range(LINES)
    ]
    package = PackageFormat(("eb", "da", "ba"))
    begin = time.perf_counter()
    decoded = sum(len(package.decode(lines[start : start + batch])) for start in range(0, LINES, batch))
    seconds = time.perf_counter() - begin
    if decoded != LINES:
        raise RuntimeError(f"only {decoded} of {LINES} lines were decoded")
    return LINES / seconds


def main() -> None:
    """Print the rates."""
    for batch in (1, 10, 100, 1000):
        print(f"  {batch:5} lines at a time: {lines_per_second(batch) / 1e3:6.0f} thousand lines a second")


if __name__ == "__main__":
    main()
