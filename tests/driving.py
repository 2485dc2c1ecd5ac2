"""Protocol generators driven without an engine."""


def drive(protocol, answer, cell):
    """Run a protocol's generator against a function that answers each step; return the steps."""
    steps, program, result = [], protocol.program(cell), None
    while True:
        try:
            step = next(program) if result is None else program.send(result)
        except StopIteration:
            return steps
        steps.append(step)
        result = answer(step, len(steps) - 1)
