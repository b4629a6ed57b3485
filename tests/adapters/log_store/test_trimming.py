import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spacectl.adapters.log_store.trimming import copy_tail, first_data, method, punch

BLOCK = 64 * 1024

ASK = """
import sys
from pathlib import Path
from spacectl.adapters.log_store import method
print(method(Path(sys.argv[1])))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"".join(b"%07d\n" % number for number in range(100_000)))
    return path


def test_a_hole_takes_no_room_and_moves_nothing(file: Path) -> None:
    if method(file.parent) != "punch":
        pytest.skip("this file system has no holes")
    whole = file.read_bytes()
    descriptor = os.open(file, os.O_RDWR)
    assert first_data(descriptor, 0) == 0
    assert punch(descriptor, 0, 5 * BLOCK + 7) == 5 * BLOCK
    assert first_data(descriptor, 0) == 5 * BLOCK
    assert punch(descriptor, 5 * BLOCK, 5 * BLOCK + 7) == 5 * BLOCK
    assert punch(descriptor, 5 * BLOCK, 0) == 5 * BLOCK
    assert first_data(descriptor, len(whole) + 5) == len(whole) + 5
    os.close(descriptor)
    assert file.stat().st_blocks * 512 <= len(whole) - 4 * BLOCK
    assert file.read_bytes()[5 * BLOCK :] == whole[5 * BLOCK :]


def test_the_tail_is_copied_to_the_front(file: Path) -> None:
    whole = file.read_bytes()
    descriptor = os.open(file, os.O_RDWR)
    cut = copy_tail(descriptor, 100_003)
    assert copy_tail(descriptor, 100_000) == 0  # less than twice as long
    os.close(descriptor)
    left = file.read_bytes()
    assert left == whole[cut:]
    assert 100_003 - 8 <= len(left) <= 100_003
    assert left[:7].isdigit()


def test_the_method_fits_the_file_system(tmp_path: Path) -> None:
    assert method(tmp_path) in {"punch", "truncate"}
    assert not [*tmp_path.iterdir()]
    with pytest.raises(OSError, match="No such file"):
        method(tmp_path / "missing")


def test_a_file_system_without_holes(tmp_path: Path) -> None:
    """Asked of a ramfs, in a mount namespace of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t ramfs none "$0"'
    if subprocess.run([*inside, mount, tmp_path], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespaces here")
    script = mount + ' && exec "$1" -c "$2" "$0"'
    done = subprocess.run([*inside, script, tmp_path, sys.executable, ASK], capture_output=True, check=False)
    assert done.stdout == b"truncate\n", done.stderr
