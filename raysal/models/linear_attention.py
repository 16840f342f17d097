"""The sum of probability attention in time linear in the number of positions, by a polynomial.

The weights of DEAL's Eq. 2 are exp(p·q) with p·q between 0 and 1, where a polynomial of degree 3 is
within 6e-4 of the exponential. Such a polynomial is a product of two vectors of monomials, one of p
and one of q, so that the sum over all positions is taken once instead of for each position, as in
linear attention (Katharopoulos et al., ICML 2020).

Probabilities sum to 1: all classes but one are enough. With p = 1/C + B u, where the columns of B
are an orthonormal basis of the vectors that sum to 0, p·q = 1/C + u·v.

Axes in names: B images, C classes, K positions of the grid, U = C - 1 coordinates, F monomials.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import torch
from torch import Tensor

DEGREE = 3
MOST_CLASSES = 24
"""With more, there are so many monomials (2,600 for 24 classes) that little time is saved."""


def linear_attention(probs_BCHW: Tensor) -> Tensor:
    """Σ_i A_ji P_i with A = row-softmax over i of P_jᵀP_i (the sum in DEAL, Eq. 2), within 2e-4.

    Args:
        probs_BCHW: class probabilities on the attention grid, in float32; C up to `MOST_CLASSES`.

    Returns:
        Tensor of the same shape.
    """
    C = probs_BCHW.shape[1]
    basis_UC, factor_F = (x.to(probs_BCHW) for x in _constants(C))
    out = torch.empty_like(probs_BCHW)
    # One image at a time, so that its monomials stay in the processor's cache.
    for probs_CHW, out_CHW in zip(probs_BCHW, out, strict=True):
        probs_CK = probs_CHW.reshape(C, -1)
        monomials_FK = _monomials(basis_UC @ probs_CK)
        sums_FC = torch.mm(monomials_FK, probs_CK.T) * factor_F[:, None]
        counts_F = monomials_FK.sum(1) * factor_F
        out_CK = torch.mm(sums_FC.T, monomials_FK) / (counts_F @ monomials_FK)
        out_CHW.copy_(out_CK.view(out_CHW.shape))
    return out


def _monomials(u_UK: Tensor) -> Tensor:
    """(F, K): 1, then all products of one, two and three coordinates, those of one degree ordered
    by their largest coordinate.

    In that order the products of degree d whose largest coordinate is u_k are u_k times the first
    products of degree d - 1, those without any coordinate above u_k.
    """
    U, K = u_UK.shape
    monomials_FK = u_UK.new_empty(math.comb(U + DEGREE, DEGREE), K)
    monomials_FK[0] = 1
    monomials_FK[1 : 1 + U] = u_UK
    before, at = 1, 1 + U
    for degree in range(2, DEGREE + 1):
        first = at
        for k in range(U):
            count = math.comb(k + degree - 1, degree - 1)
            torch.mul(
                monomials_FK[before : before + count], u_UK[k], out=monomials_FK[at : at + count]
            )
            at += count
        before = first
    return monomials_FK


@functools.cache
def _constants(classes: int) -> tuple[Tensor, Tensor]:
    """(U, C) basis of the vectors that sum to 0, and each monomial's factor (F,).

    The factor is the polynomial's coefficient of that degree times the number of ways in which
    (u·v)^degree contains the monomial.
    """
    with torch.inference_mode(False):
        # Helmert's contrasts: row k compares class k + 1 with the mean of the classes before it.
        contrasts_UC = np.tril(np.ones((classes - 1, classes)))
        contrasts_UC[np.arange(classes - 1), np.arange(1, classes)] = -np.arange(1, classes)
        basis_UC = contrasts_UC / np.linalg.norm(contrasts_UC, axis=1, keepdims=True)
        coefficients = _polynomial(1 / classes)
        factors = [
            coefficients[degree] * math.factorial(degree) / math.prod(map(math.factorial, counts))
            for degree in range(DEGREE + 1)
            for counts in _exponents(classes - 1, degree)
        ]
        return torch.from_numpy(basis_UC), torch.tensor(factors, dtype=torch.float64)


def _polynomial(centre: float) -> list[float]:
    """Coefficients of t^0..t^3 with exp(centre + t) within 6e-4 for centre + t in [0, 1]."""
    fitted = np.polynomial.Chebyshev.interpolate(np.exp, DEGREE, domain=[0, 1])
    around = fitted.convert(kind=np.polynomial.Polynomial)(np.polynomial.Polynomial([centre, 1.0]))
    return [float(c) for c in around.coef]


def _exponents(coordinates: int, degree: int) -> list[tuple[int, ...]]:
    """How often each coordinate occurs, for the products of one degree in the order of
    `_monomials`."""
    products = itertools.combinations_with_replacement(range(coordinates), degree)
    ordered = sorted(products, key=lambda product: product[::-1])
    return [tuple(map(product.count, range(coordinates))) for product in ordered]
