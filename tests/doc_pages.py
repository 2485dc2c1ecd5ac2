"""Pages of the documentation as things that can be followed: their blocks, in order, in an empty folder.

What a block is follows from its language and its title:

- ``python`` is executed; the blocks of a page share their names.
- ``sh`` is run line by line; with the title "… left open" it goes on while the page is followed.
- ``yaml``, ``ini``, ``xml`` and ``json`` are checked for what they describe; with a title they are
  put into the folder as the file of this name.
- ``text`` is what the block before it prints, where ``...`` stands for anything.

``<!-- not run: reason -->`` before a block says why it is only read: its commands must be there and
take these options, its Python must compile. ``<!-- with: bench -->`` puts a simulated bench and a cell into the
folder, ``<!-- with: cell -->`` the cell alone, ``<!-- with: run -->`` a run file, ``<!-- with: recordings -->`` files of
other programs.
"""

import configparser
import contextlib
import doctest
import io
import json
import os
import plistlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import psutil
import typer
import yaml
from typer.testing import CliRunner

from faradaic.cli import app
from faradaic.engine import run
from faradaic.engine.service.own import address_file
from faradaic.engine.service.starting import wait_for
from faradaic.instruments.bench_file import Bench
from faradaic.protocols import Cell, LinearSweep, load_protocol
from faradaic.simulators import published_cell, simulated
from faradaic.storage.importing.quantities import QUANTITIES

from mpt import write_mpt

DOCS = Path(__file__).parents[1] / "docs"
COMMANDS = typer.main.get_command(app)
REASONS = {
    "needs an instrument",
    "needs a screen",
    "needs Windows",
    "needs macOS",
    "needs systemd",
    "installs software",
}
"""Why a block may be left out; anything else is to be run."""
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^\n]*?) -->\s*?\n)?"
    r'^(?P<indent> *)```(?P<language>\w*)(?: +title="(?P<title>[^"\n]*)")?[^\n]*\n(?P<text>.*?)^(?P=indent)```',
    re.MULTILINE | re.DOTALL,
)
_WITH = re.compile(r"<!-- with: (\w+) -->")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+|(?<=--tcp )\d+")
_LEFT_OPEN = "left open"
_WAIT_S = 100
_BENCH = """
speed: 1000
alarms: {desktop: false}
instruments:
  pico:
    driver: emstat
    address: socket://127.0.0.1:5001
    channels: {1: {name: A1, limits: {potential_max: 6 V}}}
    simulated: {model: emstat4-hr, cells: {1: "SS|IGE-2|Li"}}
  symmetric:
    driver: emstat
    address: socket://127.0.0.1:5002
    channels: {1: {name: A2}}
    simulated: {model: emstat4-hr, cells: {1: "Li|IGE-2|Li"}}
"""
_CELL = "name: IGE-2 no. 7\narea: 1.13 cm²\n"


@dataclass(frozen=True)
class Block:
    """One block of code: what it is, where it begins, and why it is not run."""

    page: str
    line: int
    language: str
    title: str
    text: str
    reason: str

    def __str__(self):
        return f"{self.page}, line {self.line}"


def pages():
    """Return all pages, as paths below the folder of the documentation."""
    return sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def blocks(page):
    """Return the blocks of a page."""
    text = (DOCS / page).read_text("utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            found["title"] or "",
            textwrap.dedent(found["text"]),
            found["reason"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


def wanted(page):
    """Return what a page asks to find in its folder."""
    return set(_WITH.findall((DOCS / page).read_text("utf-8")))


def commands(text):
    """Return the commands of a shell block, as lists of words."""
    lines = text.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def check_command(words):
    """Fail where a command of ours is not there, or does not take these options."""
    if words[0] != "faradaic":
        return
    if len(words) > 1:
        assert words[1] in COMMANDS.commands, f"there is no command {words[1]!r}"
        COMMANDS.commands[words[1]].make_context(words[1], list(words[2:]))


def check_yaml(text):
    """Fail where a YAML block is not a bench, a part of one, a protocol or a cell; return which."""
    content = yaml.safe_load(text)
    if set(content) <= set(QUANTITIES):
        return "mapping"
    if "protocol" in content:
        load_protocol(content)
        return "protocol"
    if set(content) <= set(Bench.model_fields):
        instruments = {"i": {"driver": "emstat", "address": "COM5"}}
        Bench.model_validate({"instruments": instruments, **content})
        return "bench"
    Cell.model_validate(content)
    return "cell"


class Follower:
    """Follows a page in a folder.

    Parameters
    ----------
    folder : Path
        Empty, and the working directory.
    """

    def __init__(self, folder):
        self.folder = folder
        # What only a program does is for a command of the page.
        self.names = {"__name__": "page"}
        self.printed = ""
        self._stack = contextlib.ExitStack()
        self._ports = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            # A service that a command has started belongs to nobody.
            service = psutil.Process(json.loads(address_file().read_text("utf-8"))["pid"])
            service.terminate()
            service.wait(30)
        self._stack.close()

    def prepare(self, what):
        """Put what a page takes for granted into the folder."""
        (self.folder / "cell.yaml").write_text(_CELL, encoding="utf-8")
        if what == "cell":
            return
        if what == "bench":
            (self.folder / "bench.yaml").write_text(self._here(_BENCH), encoding="utf-8")
            self._leave_open(["faradaic", "simulate", "bench.yaml"])
        elif what == "run":
            with simulated("emstat4-hr", published_cell("SS|IGE-2|Li")) as instrument:
                protocol = LinearSweep(stop="5.5 V", rate="0.5 mV/s")
                cell = Cell(name="IGE-2", area="1 cm²")
                run(protocol, instrument.channels[0], cell=cell, out=self.folder / "lsv.h5").close()
        elif what == "recordings":
            time_s = list(range(0, 3600, 60))
            charged = {
                "time/s": time_s,
                "Ecell/V": [3.0 + each / 7200 for each in time_s],
                "I/mA": [1.0] * 60,
            }
            write_mpt(self.folder / "cell-7.mpt", charged)
            recording = Path(__file__).parent / "data" / "importing" / "nw4-120-1-6-53.ndax"
            shutil.copy(recording, self.folder / "cell-8.ndax")
            rows = "".join(f"{each / 60};{3000 + each / 10};-1;25\n" for each in time_s)
            (self.folder / "old.csv").write_text(f"minutes;E(cell)/mV;I;Tcell\n{rows}", encoding="utf-8")
        else:
            raise ValueError(f"there is no {what!r} to put into the folder")

    def follow(self, block):
        """Do what a block says."""
        text = self._here(block.text)
        match block.language:
            case "python":
                output = io.StringIO()
                with contextlib.redirect_stdout(output):
                    exec(compile(text, str(block), "exec"), self.names)
                self.printed = output.getvalue()
            case "sh":
                given = commands(text)
                if _LEFT_OPEN in block.title:
                    (words,) = given
                    self.printed = self._leave_open(words)
                else:
                    self.printed = "".join(self._run(words) for words in given)
            case "text":
                options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
                fits = doctest.OutputChecker().check_output(f"...{text.strip()}...", self.printed, options)
                assert fits, f"{block} shows\n{text}\nbut what comes is\n{self.printed}"
            case _:
                self.check(block)
        if block.title and block.language in ("yaml", "python", "json"):
            (self.folder / block.title).write_text(text, encoding="utf-8")

    def check(self, block):
        """Read a block without doing what it says."""
        assert block.language in CHECKS, f"{block}: nobody knows what to do with {block.language!r}"
        CHECKS[block.language](block.text)

    def _here(self, text):
        """Put ports that are free on this computer in place of those that the page names."""
        return _PORT.sub(lambda found: self._ports.setdefault(found[0], str(_free_port())), text)

    def _run(self, words):
        """Do what a command does, in this process where it is one of ours, and return what it prints."""
        if words[0] == "faradaic":
            done = CliRunner().invoke(app, words[1:])
            assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}{done.exception or ''}"
            return done.output
        assert words[0] == "python", f"{shlex.join(words)} is not run by the tests; say why with 'not run'"
        words = [sys.executable, *words[1:]]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, timeout=_WAIT_S, check=False)
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr.decode('utf-8', 'replace')}"
        return done.stdout.decode("utf-8", "replace")

    def _leave_open(self, words):
        """Start a command; return what it has said when it is ready."""
        # Any free port: another service of this computer may have the usual one.
        more = ["--port", "0"] if words[1] == "serve" else []
        said = self.folder / f"{words[1]}.out"
        with said.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "faradaic", *words[1:], *more],
                cwd=self.folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self._stack.callback(_end, process)
        if words[1] == "serve":
            wait_for(process).close()
        deadline = time.monotonic() + _WAIT_S
        while words[1] != "serve" and not said.stat().st_size and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.suppress(subprocess.TimeoutExpired):
            # What it has said may be why it ends.
            process.wait(0.5)
        assert process.poll() is None, f"{shlex.join(words)} ended: {said.read_text('utf-8')}"
        return said.read_text("utf-8")


def check_unit(text):
    """Fail where a unit of systemd does not start the service of a bench."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(text)
    # Otherwise the watchdog ends with an engine that dies.
    assert unit["Service"]["KillMode"] == "process"
    words = shlex.split(unit["Service"]["ExecStart"])
    check_command(["faradaic", *words[1:]])


def check_agent(text):
    """Fail where a property list of launchd does not start the service of a bench."""
    agent = plistlib.loads(text.encode())
    assert agent["AbandonProcessGroup"]
    check_command(["faradaic", *agent["ProgramArguments"][1:]])


def _end(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def check_python(text):
    compile(text, "a block", "exec")


def check_sh(text):
    for words in commands(text):
        check_command(words)


def check_task(text):
    """Fail where a task of Windows does not start the service of a bench."""
    (arguments,) = re.findall(r"-Argument '([^']+)'", text)
    # A path of Windows is a path anywhere.
    check_command(["faradaic", *arguments.replace("\\", "/").split()])


def check_rules(text):
    for rule in text.splitlines():
        assert re.fullmatch(r'(\w+(\{\w+\})?(==|=|\+=)"[^"]+"(, |$))+', rule), rule


CHECKS = {
    "ini": check_unit,
    "json": json.loads,
    "powershell": check_task,
    "python": check_python,
    "sh": check_sh,
    "text": str,
    "toml": tomllib.loads,
    "udev": check_rules,
    "xml": check_agent,
    "yaml": check_yaml,
}
"""By the language of a block."""
