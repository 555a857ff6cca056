"""Half-precision vectors on disk, widened for arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIGN_AND_REST = np.int32(-0x70002000)  # 0x8FFFE000: bit 31 and the 15 bits from 13 on
_EXPONENT_SHIFT = np.float32(2.0**112)  # the difference of the two formats' exponent biases


def widen(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """Finite float16 `vectors` as float32 of the same shape, exactly.

    NumPy converts one number at a time, which would be the most expensive step of a query. Here
    the exponent and the fraction move into place as integers, and a multiplication corrects the
    exponent's bias, which also gets the subnormal numbers right.
    """
    bits = np.ascontiguousarray(vectors).view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= _SIGN_AND_REST
    wide = bits.view(np.float32)
    wide *= _EXPONENT_SHIFT
    return wide


def cosines(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inner product of each row of `vectors` with `query`, both of norm 1.

    Returns:
        float32 ``(len(vectors),)``. Each is added up on its own: BLAS picks another kernel for
        another number of rows, and a cosine must not depend on what else was asked for.
    """
    products: NDArray[np.float32] = np.einsum("ij,j->i", vectors, query)
    return products
