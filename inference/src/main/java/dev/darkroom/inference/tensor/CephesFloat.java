// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tensor;

/**
 * Cephes' logf, sinf and cosf as torch evaluates them with AVX2: the polynomials of ATen/native/cpu/avx_mathfun.h, where the
 * compiler fuses each multiply that feeds an add. {@link Math#fma} says where, so the bits do not depend on the CPU.
 */
@SuppressWarnings("FloatingPointLiteralPrecision") // the source's own digits
final class CephesFloat {
    private CephesFloat() {}

    /** Returns ln(x) for a normal positive x. */
    static float log(float x) {
        int bits = Float.floatToRawIntBits(x);
        float exponent = (float) ((bits >>> 23) - 127) + 1f;
        float mantissa = Float.intBitsToFloat((bits & 0x007fffff) | 0x3f000000); // in [0.5, 1)
        boolean small = mantissa < 0.70710678f;
        float r = mantissa - 1f + (small ? mantissa : 0f);
        exponent -= small ? 1f : 0f;
        float z = r * r;
        float y = 7.0376836292E-2f;
        y = Math.fma(y, r, -1.1514610310E-1f);
        y = Math.fma(y, r, 1.1676998740E-1f);
        y = Math.fma(y, r, -1.2420140846E-1f);
        y = Math.fma(y, r, 1.4249322787E-1f);
        y = Math.fma(y, r, -1.6668057665E-1f);
        y = Math.fma(y, r, 2.0000714765E-1f);
        y = Math.fma(y, r, -2.4999993993E-1f);
        y = Math.fma(y, r, 3.3333331174E-1f);
        y = y * r;
        y = Math.fma(y, z, exponent * -2.12194440e-4f);
        y = Math.fma(-z, 0.5f, y);
        return Math.fma(exponent, 0.693359375f, r + y);
    }

    /** Returns sin(x) for x in [0, 2 pi]. */
    static float sin(float x) {
        int octant = octant(x);
        float r = reduce(x, octant);
        float value = (octant & 2) == 0 ? sinNearZero(r) : cosNearZero(r);
        return (octant & 4) == 0 ? value : -value;
    }

    /** Returns cos(x) for x in [0, 2 pi]. */
    static float cos(float x) {
        int octant = octant(x);
        float r = reduce(x, octant);
        float value = (octant & 2) == 0 ? cosNearZero(r) : sinNearZero(r);
        return ((octant - 2) & 4) == 0 ? -value : value;
    }

    /** Returns x / (pi / 4), truncated, rounded up to an even number. */
    private static int octant(float x) {
        return ((int) (x * 1.27323954473516f) + 1) & ~1;
    }

    /** Returns x - octant * pi / 4 in extended precision: pi / 4 in three parts. */
    private static float reduce(float x, int octant) {
        float y = octant;
        float r = Math.fma(y, -0.78515625f, x);
        r = Math.fma(y, -2.4187564849853515625e-4f, r);
        return Math.fma(y, -3.77489497744594108e-8f, r);
    }

    private static float cosNearZero(float r) {
        float z = r * r;
        float y = Math.fma(2.443315711809948E-005f, z, -1.388731625493765E-003f);
        y = Math.fma(y, z, 4.166664568298827E-002f);
        y = y * z;
        return Math.fma(y, z, -(z * 0.5f)) + 1f;
    }

    private static float sinNearZero(float r) {
        float z = r * r;
        float y = Math.fma(-1.9515295891E-4f, z, 8.3321608736E-3f);
        y = Math.fma(y, z, -1.6666654611E-1f);
        y = y * z;
        return Math.fma(y, r, r);
    }
}
