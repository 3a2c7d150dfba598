"""Every way in which code reads a setting, and every place that defines one."""

# ruff: noqa: E501  (each program in one line)

import pytest

from callboard_config.near import nearest
from callboard_config.python_helpers import shared
from callboard_config.python_reads import python_reads
from callboard_config.scripts import script_reads


def python(source: str, *others: tuple[str, str]) -> dict[str, str]:
    """By setting: 'required', 'default', or '' for neither."""
    known = [module for module in (shared(text, path) for path, text in others) if module is not None]
    return {r.name: word(r.required, r.default) for r in python_reads(source, "app/x.py", known).reads}


def script(source: str) -> dict[str, str]:
    return {r.name: word(r.required, r.default) for r in script_reads(source, "src/x.ts").reads}


def word(required: bool, default: bool) -> str:
    return "required" if required else "default" if default else ""


PYTHON = {
    "helper": (
        "import os\ndef env(name, default=None):\n    return os.environ.get(name, default)\nA = env('AA')\nB = env('BB', '1')\nC = env(name='CC', default=2)\n",
        {"AA": "", "BB": "default", "CC": "default"},
    ),
    "strict helper": (
        "import os\ndef need(key: str) -> str:\n    v = os.getenv(key)\n    if not v:\n        raise RuntimeError(key)\n    return v\nneed('AA')\n",
        {"AA": "required"},
    ),
    "method": (
        "import os\nclass C:\n    def _get(self, key):\n        return os.environ[key]\n    def f(self):\n        return self._get('AA')\n",
        {"AA": "required"},
    ),
    "own default": (
        "import os\ndef flag(name):\n    return os.getenv(name, '0') == '1'\nflag('AA')\n",
        {"AA": "default"},
    ),
    "no helper": ("def env(name):\n    return name\nenv('AA')\n", {}),
    "alias of the function": (
        "import os\nget = os.environ.get\nget('AA')\ng = os.getenv\ng('BB', 1)\n",
        {"AA": "", "BB": "default"},
    ),
    "copies": (
        "import os\ne = dict(os.environ)\ne['AA']\nf = {**os.environ, 'X': '1'}\nf.get('BB')\n",
        {"AA": "required", "BB": ""},
    ),
    "bytes": ("import os\nos.getenvb(b'AA')\n", {"AA": ""}),
    "byte order mark": ("\ufeffimport os\nos.environ['AA']\n", {"AA": "required"}),
    "environs": (
        "from environs import Env\nenv = Env()\nenv('AA')\nenv('BB', 'x')\nenv.int('CC', 3)\nwith env.prefixed('P_'):\n    env.str('DD')\n",
        {"AA": "required", "BB": "default", "CC": "default", "P_DD": "required"},
    ),
    "django-environ": (
        "import environ\nenv = environ.Env(DEBUG=(bool, False), KEY=str)\nenv('DEBUG')\nenv('KEY')\nenv.db()\nenv('X', bool, True)\nenv('Y', bool)\n",
        {"DEBUG": "default", "KEY": "required", "DATABASE_URL": "required", "X": "default", "Y": "required"},
    ),
    "decouple": (
        "import decouple\nfrom decouple import config, Csv\nconfig('AA')\nconfig('BB', 'x')\nconfig('CC', default=1, cast=int)\ndecouple.config('DD')\n",
        {"AA": "required", "BB": "default", "CC": "default", "DD": "required"},
    ),
    "starlette": (
        "from starlette.config import Config\nc = Config('.env', env_prefix='APP_')\nc('AA', bool)\nc('BB', cast=int, default=3)\n",
        {"APP_AA": "required", "APP_BB": "default"},
    ),
    "flask": (
        "app.config.from_envvar('AA')\napp.config.from_envvar('BB', silent=True)\n",
        {"AA": "required", "BB": "default"},
    ),
    "click": ("@click.option('--x', envvar=['AA', 'BB'])\ndef f(x): ...\n", {"AA": "default", "BB": "default"}),
    "dotenv": ("from dotenv import dotenv_values\nc = dotenv_values('.env')\nc['AA']\n", {"AA": "required"}),
    "dynaconf": (
        "from dynaconf import Dynaconf\nsettings = Dynaconf(envvar_prefix='SHOP')\nsettings.AA\nsettings['BB']\nsettings.get('CC', 1)\nsettings.reload()\n",
        {"SHOP_AA": "", "SHOP_BB": "", "SHOP_CC": "default"},
    ),
    "nested": (
        "class Db(BaseModel):\n    host: str\n    port: int = 5432\nclass S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='app_', env_nested_delimiter='__')\n    db: Db\n    cache: Db = Db()\n",
        {
            "APP_DB__HOST": "required",
            "APP_DB__PORT": "default",
            "APP_CACHE__HOST": "default",
            "APP_CACHE__PORT": "default",
        },
    ),
    "old pydantic": (
        "class S(BaseSettings):\n    a: int\n    b: str = Field(..., env='BB')\n    class Config:\n        env_prefix = 'p_'\n",
        {"P_A": "required", "BB": "required"},
    ),
    "choices": (
        "class S(BaseSettings):\n    a: str = Field(validation_alias=AliasChoices('AA', 'BB'), alias='CC')\n    _p: int = 1\n    c: ClassVar[int] = 2\n",
        {"AA": "required"},
    ),
}


@pytest.mark.parametrize("case", PYTHON)
def test_python(case: str) -> None:
    source, found = PYTHON[case]
    assert python(source) == found


def test_helpers_and_settings_objects_of_other_modules() -> None:
    conf = "import os\ndef required(key):\n    return os.environ[key]\n"
    dyn = "from dynaconf import Dynaconf\nsettings = Dynaconf(envvar_prefix='SHOP')\n"
    others = (("app/conf.py", conf), ("app/dyn/__init__.py", dyn))
    assert python("from app.conf import required as need\nneed('AA')\n", *others) == {"AA": "required"}
    assert python("from app import conf\nconf.required('AA')\n", *others) == {"AA": "required"}
    assert python("from app.dyn import settings\nsettings.KEY\n", *others) == {"SHOP_KEY": ""}
    assert python("from other import required, settings\nrequired('AA')\nsettings.KEY\n", *others) == {}
    assert python_reads(conf, "app/conf.py").dynamic == ()


SCRIPT = {
    "chains": (
        "process?.env?.AA; globalThis.process.env.BB; (import.meta as any).env.VITE_C;",
        {"AA": "", "BB": "", "VITE_C": ""},
    ),
    "alias": (
        "const env = process.env;\nenv.AA; env.BB ?? 1; other.env.CC;\nconst { DD } = env;\n",
        {"AA": "", "BB": "default", "DD": ""},
    ),
    "of process": ("const { env } = process;\nenv.AA || 'x';\n", {"AA": "default"}),
    "deno": ("Deno.env.get('AA') ?? ''; Deno.env.get('BB'); Deno.env.toObject()", {"AA": "default", "BB": ""}),
    "bun": ("Bun.env.AA", {"AA": ""}),
    "nest": (
        "this.config.get<string>('AA'); configService.getOrThrow('BB'); config.get('CC', 3); config.get('lower.case')",
        {"AA": "", "BB": "required", "CC": "default"},
    ),
    "svelte": ("import { AA, BB as b } from '$env/static/private';", {"AA": "required", "BB": "required"}),
    "schema": (
        "const schema = z.object({\n  AA: z.string(),\n  BB: z.string().optional(),\n  CC: z.coerce.number().default(3),\n});\nexport const e = schema.parse(process.env);\n",
        {"AA": "required", "BB": "default", "CC": "default"},
    ),
    "schema of something else": ("const schema = z.object({\n  AA: z.string(),\n});\nschema.parse(body);\n", {}),
    "strings and comments": ("// process.env.AA\nconst s = 'process.env.BB';\n/* const {CC} = process.env */", {}),
}


@pytest.mark.parametrize("case", SCRIPT)
def test_scripts(case: str) -> None:
    source, found = SCRIPT[case]
    assert script(source) == found


@pytest.mark.parametrize(
    ("name", "others", "meant"),
    [
        ("DATABSE_URL", ["DATABASE_URL", "REDIS_URL"], "DATABASE_URL"),
        ("DATABASEURL", ["DATABASE_URL"], "DATABASE_URL"),
        ("SMTP_HSOT", ["SMTP_HOST"], "SMTP_HOST"),
        ("REDIS_URLS", ["REDIS_URL"], "REDIS_URL"),
        ("API_KEY_1", ["API_KEY_2"], None),
        ("POOL_MIN", ["POOL_MAX"], None),
        ("LOG", ["LOD"], None),
        ("CACHE_URL", ["DATABASE_URL"], None),
    ],
)
def test_one_slip_is_near_and_another_word_is_not(name: str, others: list[str], meant: str | None) -> None:
    assert nearest(name, others) == meant
