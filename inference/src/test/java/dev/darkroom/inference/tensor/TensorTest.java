// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class TensorTest {
    private static final Tensor PAIR = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);

    @Test
    void of_shapeOfAnotherSize_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.of(new float[3], 2, 2))
                .withMessage("shape [2, 2] does not hold 3 values");
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.zeros(2, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.zeros(70000, 70000));
    }

    @Test
    void row_ofBatch_keepsRank() {
        assertThat(PAIR.row(1)).isEqualTo(Tensor.of(new float[] {3, 4}, 1, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> PAIR.rows(1, 3));
    }

    @Test
    void concat_rowsOfTensor_givesItBack() {
        assertThat(Tensor.concat(PAIR.row(0), PAIR.row(1))).isEqualTo(PAIR);
        assertThat(Tensor.concat(PAIR, PAIR.row(1)).data()).containsExactly(1, 2, 3, 4, 3, 4);
    }

    @Test
    void concat_otherInnerShape_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tensor.concat(PAIR, Tensor.zeros(1, 3)))
                .withMessage("cannot join [1, 3] to [2, 2]");
    }

    @Test
    void combine_twoTensors_roundsEachProduct() {
        Tensor third = Tensor.of(new float[] {1 / 3f}, 1);
        float left = 0.1f * (1 / 3f);
        float right = -7f * (1 / 3f);
        assertThat(Tensor.combine(0.1f, third, -7f, third).data()).containsExactly(left + right);
        assertThatIllegalArgumentException().isThrownBy(() -> Tensor.plus(PAIR, third));
    }

    @Test
    void arithmetic_ofPair_isElementwise() {
        assertThat(Tensor.scale(2, PAIR).data()).containsExactly(2, 4, 6, 8);
        assertThat(Tensor.divide(PAIR, 2).data()).containsExactly(0.5f, 1, 1.5f, 2);
        assertThat(Tensor.minus(PAIR, PAIR)).isEqualTo(Tensor.zeros(2, 2));
        assertThat(Tensor.plus(PAIR, 10, PAIR).data()).containsExactly(11, 22, 33, 44);
        assertThat(Tensor.clamp(PAIR, 2, 3).data()).containsExactly(2, 2, 3, 3);
    }

    @Test
    void isFinite_nanOrInfinity_isFalse() {
        assertThat(PAIR.isFinite()).isTrue();
        assertThat(Tensor.scalar(Float.NaN).isFinite()).isFalse();
        assertThat(Tensor.scalar(Float.NEGATIVE_INFINITY).isFinite()).isFalse();
    }

    @Test
    void equals_negativeZero_differs() {
        assertThat(Tensor.scalar(-0f)).isNotEqualTo(Tensor.scalar(0f));
        assertThat(PAIR.reshape(4)).isNotEqualTo(PAIR).isEqualTo(PAIR.reshape(4));
    }

    @Test
    void toString_ofValues_doesNotShowThem() {
        assertThat(PAIR).hasToString("Tensor[2, 2]");
    }
}
