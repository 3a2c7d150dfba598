"""Settings that pydantic's settings classes read: prefixes, aliases, nested models."""

import ast
from collections.abc import Iterator, Mapping

from callboard_config.read import Read

DEEPEST = 4
NO_FIELDS = frozenset({"model_config", "Config"})


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, without the parameters of a generic; '' for anything else."""
    if isinstance(node, ast.Subscript):
        return last_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def settings_classes(classes: Mapping[str, ast.ClassDef]) -> dict[str, ast.ClassDef]:
    """Those that derive, over however many steps within the file, from a `BaseSettings`."""
    found: dict[str, ast.ClassDef] = {}
    known = {"BaseSettings"}
    while True:
        fresh = {
            name: node
            for name, node in classes.items()
            if name not in found and any(last_name(base) in known for base in node.bases)
        }
        if not fresh:
            return found
        found |= fresh
        known |= set(fresh)


def class_reads(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], path: str) -> Iterator[Read]:
    """What one settings class reads, by its own fields; the prefix may come from a class above."""
    prefix = str(inherited(node, classes, "env_prefix") or "")
    delimiter = str(inherited(node, classes, "env_nested_delimiter") or "")
    how = f"field of {node.name}"
    free = any(_reads_before(inner) for inner in node.body)
    for field, statement in fields(node):
        names = _aliases(statement.value) or [(prefix + field).upper()]
        optional = has_default(statement.value)
        below = _model(statement.annotation, classes) if delimiter else None
        if below is None:
            kind = "" if free else kind_of(statement.annotation)
            yield Read(names[0], path, statement.lineno, how, not optional, optional, tuple(names[1:]), kind)
            continue
        for name, line, given in _nested(below, names[0], delimiter.upper(), classes, 1):
            default = given or optional
            yield Read(name, path, line, how, not default, default, tuple(names))


def _reads_before(node: ast.stmt) -> bool:
    """Whether it is a validator that may turn any text into the type."""
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(
        isinstance(d, ast.Call)
        and last_name(d.func) in ("field_validator", "validator", "model_validator", "root_validator")
        for d in decorators
    )


def kind_of(annotation: ast.expr) -> str:
    """The plain type of a field, '' for any other; None beside it does not matter."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        sides = [side for side in (annotation.left, annotation.right) if not _is_none(side)]
        return kind_of(sides[0]) if len(sides) == 1 else ""
    if isinstance(annotation, ast.Subscript):
        outer = last_name(annotation.value)
        if outer in ("Optional", "Annotated"):
            inner = annotation.slice.elts[0] if isinstance(annotation.slice, ast.Tuple) else annotation.slice
            return kind_of(inner) if outer == "Optional" or _is_plain(annotation.slice) else ""
        return "json" if outer in ("list", "dict", "List", "Dict", "set", "Set") else ""
    name = last_name(annotation)
    return {"PositiveInt": "int", "NonNegativeInt": "int"}.get(name, name if name in ("int", "float", "bool") else "")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_plain(node: ast.expr) -> bool:
    """Whether what stands beside an annotated type only bounds it: a validator may read anything."""
    return not any(
        last_name(n) in ("BeforeValidator", "NoDecode", "WrapValidator")
        for n in ast.walk(node)
        if isinstance(n, ast.expr)
    )


def fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    """The annotated fields of a class, private ones and class variables left out."""
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            field = statement.target.id
            if not field.startswith("_") and field not in NO_FIELDS and not _is_class_var(statement.annotation):
                yield field, statement


def field_name(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], field: str, value: ast.expr | None) -> str:
    """The setting that fills a field of the class."""
    prefix = str(inherited(node, classes, "env_prefix") or "")
    return (_aliases(value) or [(prefix + field).upper()])[0]


def inherited(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], key: str, depth: int = 0) -> object:
    """A value of the class's configuration, its own or that of the nearest class above in the file."""
    own = _configured(node, key)
    if own is not None or depth > DEEPEST:
        return own
    for base in node.bases:
        above = classes.get(last_name(base))
        if above is not None and above is not node:
            value = inherited(above, classes, key, depth + 1)
            if value is not None:
                return value
    return None


def has_default(value: ast.expr | None) -> bool:
    """Whether a field goes without its setting."""
    if value is None or (isinstance(value, ast.Constant) and value.value is Ellipsis):
        return False
    if isinstance(value, ast.Call) and last_name(value.func) == "Field":
        given = value.args[:1] + [k.value for k in value.keywords if k.arg in ("default", "default_factory")]
        return bool(given) and not (isinstance(given[0], ast.Constant) and given[0].value is Ellipsis)
    return True


def _is_class_var(annotation: ast.expr) -> bool:
    return any(last_name(node) == "ClassVar" for node in ast.walk(annotation) if isinstance(node, ast.expr))


def _model(annotation: ast.expr, classes: Mapping[str, ast.ClassDef]) -> ast.ClassDef | None:
    """The class of the file that a field holds."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and node.id in classes and classes[node.id].bases:
            return classes[node.id]
    return None


def _nested(
    node: ast.ClassDef, prefix: str, delimiter: str, classes: Mapping[str, ast.ClassDef], depth: int
) -> Iterator[tuple[str, int, bool]]:
    for field, statement in fields(node):
        name = f"{prefix}{delimiter}{field.upper()}"
        below = _model(statement.annotation, classes) if depth < DEEPEST else None
        if below is not None and below is not node:
            optional = has_default(statement.value)
            for inner, line, given in _nested(below, name, delimiter, classes, depth + 1):
                yield inner, line, given or optional
        else:
            yield name, statement.lineno, has_default(statement.value)


def _configured(node: ast.ClassDef, key: str) -> object:
    for inner in node.body:
        if isinstance(inner, (ast.Assign, ast.AnnAssign)) and inner.value is not None:
            targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
            if any(last_name(target) == "model_config" for target in targets):
                return _entry(inner.value, key)
        elif isinstance(inner, ast.ClassDef) and inner.name == "Config":
            for statement in inner.body:
                if (
                    isinstance(statement, ast.Assign)
                    and isinstance(statement.value, ast.Constant)
                    and any(last_name(target) == key for target in statement.targets)
                ):
                    return statement.value.value
    for keyword in node.keywords:
        if keyword.arg == key and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def _entry(value: ast.expr, key: str) -> object:
    if isinstance(value, ast.Call):
        for keyword in value.keywords:
            if keyword.arg == key and isinstance(keyword.value, ast.Constant):
                return keyword.value.value
    if isinstance(value, ast.Dict):
        for name, given in zip(value.keys, value.values, strict=True):
            if isinstance(name, ast.Constant) and name.value == key and isinstance(given, ast.Constant):
                return given.value
    return None


def _aliases(value: ast.expr | None) -> list[str]:
    """The names that Field(alias=…), validation_alias or env give it."""
    if not isinstance(value, ast.Call):
        return []
    for wanted in ("validation_alias", "alias", "env"):
        for keyword in value.keywords:
            if keyword.arg == wanted:
                nodes = [n.value for n in ast.walk(keyword.value) if isinstance(n, ast.Constant)]
                texts = [text for text in nodes if isinstance(text, str)]
                if texts:
                    return texts
    return []
