"""From the text of a script to a program, or to the error that the instrument would report."""

from . import commands
from .arguments import Names, read_argument, read_options
from .errors import Code, SyntaxFault
from .program import Argument, Command, Program
from .tokens import Token, split

_LONGEST_LINE = 255
_LARGEST_SCRIPT = 200_000
LARGEST_SCRIPT_LINES = 10_000
_DEEPEST_SCOPE = 32
_LARGEST_PACKAGE = 64
_ON_FINISHED = "on_finished:"
_CONDITION = "in op in"


def parse(lines: list[str]) -> Program:
    """Read a script.

    Parameters
    ----------
    lines : list of str
        Its lines without line ends; comments and blank lines count.

    Raises
    ------
    SyntaxFault
        The first error, with line and column. After an unknown command the column is the one
        behind it, otherwise the one where the offending word begins; where something is missing,
        the one behind the line.
    """
    if len(lines) > LARGEST_SCRIPT_LINES or sum(map(len, lines)) > _LARGEST_SCRIPT:
        raise SyntaxFault(Code.SCRIPT_TOO_LARGE, len(lines), 1)
    return _Parser().parse(lines)


class _Scope:
    """An open loop or branch: where its commands go, and what may close it."""

    def __init__(self, owner: Command | None, body: list[Command]) -> None:
        self.owner = owner
        self.body = body

    @property
    def kind(self) -> str:
        return self.owner.name if self.owner else ""

    @property
    def is_measurement(self) -> bool:
        return self.kind.startswith("meas_loop_")

    @property
    def is_loop(self) -> bool:
        return self.is_measurement or self.kind == "loop"


class _Parser:
    def __init__(self) -> None:
        self._names = Names()
        self._main: list[Command] = []
        self._on_finished: list[Command] = []
        self._scopes = [_Scope(None, self._main)]
        self._finishing = False
        self._in_package = -1
        self._line = 0

    def parse(self, lines: list[str]) -> Program:
        for number, line in enumerate(lines, start=1):
            self._line = number
            if len(line) > _LONGEST_LINE:
                raise SyntaxFault(Code.LINE_TOO_LONG, number, _LONGEST_LINE + 1)
            if tokens := split(line, number):
                self._command(tokens, len(line.rstrip()) + 1)
        if len(self._scopes) > 1:
            raise SyntaxFault(Code.UNEXPECTED_END, max(len(lines), 1), 1)
        if self._in_package >= 0:
            raise SyntaxFault(Code.PACKAGE_ORDER, max(len(lines), 1), 1)
        return Program(
            self._main, self._on_finished, frozenset(self._names.variables), frozenset(self._names.arrays)
        )

    def _command(self, tokens: list[Token], end: int) -> None:
        first, rest = tokens[0], tokens[1:]
        name = first.text
        if name == _ON_FINISHED:
            self._none(rest)
            self._start_finishing(first)
        elif name in {"if", "loop"}:
            self._open(Command(self._line, name, self._arguments(_CONDITION, rest, end)), first)
        elif name in {"elseif", "else"}:
            self._branch(first, rest, end)
        elif name in {"endif", "endloop"}:
            self._none(rest)
            self._close(first)
        elif name in commands.LOOP_COMMANDS:
            if any(scope.is_measurement for scope in self._scopes):
                raise self._fault(Code.NESTED_MEASUREMENT_LOOP, first)
            self._open(self._simple(name, commands.LOOP_COMMANDS[name], rest, end), first)
        elif name in commands.SIMPLE_COMMANDS:
            self._check_place(first)
            self._scopes[-1].body.append(self._simple(name, commands.SIMPLE_COMMANDS[name], rest, end))
        elif name in commands.KNOWN_BUT_ABSENT:
            raise self._fault(Code.NOT_SUPPORTED, first)
        else:
            raise SyntaxFault(Code.UNKNOWN_SCRIPT_COMMAND, self._line, first.end)

    def _simple(self, name: str, kinds: str, rest: list[Token], end: int) -> Command:
        at = next((position for position, each in enumerate(rest) if each.kind == "option"), len(rest))
        words, options = rest[:at], rest[at:]
        if name in commands.WITHOUT_VARTYPE and len(words) == 2:
            kinds = kinds.removeprefix("vartype ")
        read = read_options(commands.OPTIONS.get(name, {}), options, self._names, self._line)
        return Command(self._line, name, self._arguments(kinds, words, end), read)

    def _arguments(self, kinds: str, words: list[Token], end: int) -> tuple[Argument, ...]:
        wanted = kinds.split()
        read = [
            read_argument(kind, word, self._names, self._line)
            for kind, word in zip(wanted, words)  # noqa: B905  the difference is judged below
        ]
        if len(words) > len(wanted):
            raise self._fault(Code.EXTRA_ARGUMENT, words[len(wanted)])
        if len(words) < len(wanted):
            raise SyntaxFault(Code.UNEXPECTED_CHARACTER, self._line, end)
        return tuple(read)

    def _start_finishing(self, token: Token) -> None:
        if self._finishing or len(self._scopes) > 1:
            raise self._fault(Code.NOT_ALLOWED_HERE, token)
        self._finishing = True
        self._scopes = [_Scope(None, self._on_finished)]

    def _open(self, command: Command, token: Token) -> None:
        if len(self._scopes) > _DEEPEST_SCOPE:
            raise self._fault(Code.SCOPE_TOO_DEEP, token)
        self._scopes[-1].body.append(command)
        body = command.body
        if command.name == "if":
            command.branches.append((command.arguments, body))
        self._scopes.append(_Scope(command, body))

    def _branch(self, token: Token, rest: list[Token], end: int) -> None:
        scope = self._scopes[-1]
        if scope.kind != "if" or scope.owner is None or scope.owner.branches[-1][0] is None:
            raise self._fault(Code.BAD_SCOPE_CHANGE, token)
        condition = None
        if token.text == "elseif":
            condition = self._arguments(_CONDITION, rest, end)
        else:
            self._none(rest)
        scope.body = []
        scope.owner.branches.append((condition, scope.body))

    def _close(self, token: Token) -> None:
        scope = self._scopes[-1]
        fits = scope.kind == "if" if token.text == "endif" else scope.is_loop
        if not fits:
            raise self._fault(Code.BAD_SCOPE_CHANGE, token)
        self._scopes.pop()

    def _check_place(self, token: Token) -> None:
        name = token.text
        if name == "breakloop" and not any(scope.is_loop for scope in self._scopes):
            raise self._fault(Code.NOT_ALLOWED_HERE, token)
        if any(scope.is_measurement for scope in self._scopes):
            if name == "set_e":
                raise self._fault(Code.CANNOT_SET_POTENTIAL_HERE, token)
            if name == "set_i":
                raise self._fault(Code.CANNOT_SET_CURRENT_HERE, token)
            if name in commands.NOT_IN_MEASUREMENT_LOOP:
                raise self._fault(Code.NOT_IN_MEASUREMENT_LOOP, token)
        if name == "pck_start":
            if self._in_package >= 0:
                raise self._fault(Code.PACKAGE_ORDER, token)
            self._in_package = 0
        elif name in {"pck_add", "pck_end"}:
            if self._in_package < 0:
                raise self._fault(Code.PACKAGE_ORDER, token)
            self._in_package = self._in_package + 1 if name == "pck_add" else -1
            if self._in_package > _LARGEST_PACKAGE:
                raise self._fault(Code.TOO_MANY_IN_PACKAGE, token)

    def _none(self, rest: list[Token]) -> None:
        if rest:
            raise self._fault(Code.EXTRA_ARGUMENT, rest[0])

    def _fault(self, code: Code, token: Token) -> SyntaxFault:
        return SyntaxFault(code, self._line, token.column)
