"""What is wrong with settings, in messages for operators."""

from pydantic_core import ErrorDetails


class ConfigurationError(SystemExit):
    """The configuration is invalid: one line per invalid variable. Uncaught, it prints them and exits."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def error_message(error: ErrorDetails) -> str:
    """What pydantic finds wrong with a value, in one line, which repeats the value only where it cannot be a secret."""
    context = error.get("ctx", {})
    got = f", got {error['input']!r}"
    match error["type"]:
        case "value_error":
            what = str(context["error"])
        case "greater_than_equal":
            what = f"must be at least {context['ge']:.15g}{got}"
        case "greater_than":
            what = f"must be more than {context['gt']:.15g}{got}"
        case "less_than_equal":
            what = f"must be at most {context['le']:.15g}{got}"
        case "literal_error":
            what = f"must be one of {context['expected']}{got}"
        case "int_parsing" | "int_from_float":
            what = f"must be a whole number{got}"
        case "bool_parsing" | "bool_type":
            what = f"must be true or false{got}"
        case "float_parsing" | "finite_number":
            what = f"must be a number{got}"
        case _:
            what = error["msg"]
    return what
