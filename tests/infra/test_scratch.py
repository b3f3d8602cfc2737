import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.scratch import scratch, sweep

HOLD = """
import sys
from pathlib import Path
from infra.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "plain").write_text("secret")
    print(folder, flush=True)
    sys.stdin.read()
"""


def held_by_another(parent: Path) -> "tuple[subprocess.Popen[str], Path]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_goes_with_the_next_folder(tmp_path: Path) -> None:
    process, left = held_by_another(tmp_path / "tmp")
    with scratch(tmp_path / "tmp") as own:
        assert (left / "plain").exists()
        assert own != left
    process.kill()
    process.communicate(timeout=20)
    assert (left / "plain").exists()
    with scratch(tmp_path / "tmp"):
        assert not left.exists()
    assert sweep(tmp_path / "tmp") == 0


def test_many_at_once_keep_their_own(tmp_path: Path) -> None:
    def work(number: int) -> bool:
        with scratch(tmp_path / "tmp") as folder:
            (folder / "n").write_text(str(number))
            with scratch(tmp_path / "tmp"):
                return (folder / "n").read_text() == str(number)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))
    assert list((tmp_path / "tmp").glob("hub-*")) == []
