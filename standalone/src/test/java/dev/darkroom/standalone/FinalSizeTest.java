// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.UpscaleModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FinalSizeTest {

    private static final ListModelsResponse MODELS = ListModelsResponse.newBuilder()
            .addImageModels(model("pocket", 64))
            .addImageModels(model("large", 512))
            .addUpscaleModels(UpscaleModel.newBuilder().setScaleFactor(4))
            .build();

    @ParameterizedTest
    @CsvSource({"64,1", "256,4", "1024,16"})
    void factor_ofTheModelsSize_isAPowerOfTheUpscalers(int size, int factor) {
        assertThat(FinalSize.factor(size, ImageParameters.getDefaultInstance(), MODELS))
                .isEqualTo(factor);
    }

    @Test
    void factor_widthAndHeightGiven_isThatOfTheLongerSide() {
        ImageParameters asked =
                ImageParameters.newBuilder().setWidth(48).setHeight(32).build();
        ImageParameters wide = ImageParameters.newBuilder().setWidth(128).build();

        assertThat(FinalSize.factor(192, asked, MODELS)).isEqualTo(4);
        assertThat(FinalSize.factor(512, wide, MODELS)).isEqualTo(4);
    }

    @Test
    void factor_otherModel_startsFromItsSize() {
        ImageParameters asked = ImageParameters.newBuilder().setModel("large").build();

        assertThat(FinalSize.factor(2048, asked, MODELS)).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource({"100", "128", "4096", "0", "-64", "63"})
    void factor_sizeInBetween_namesThoseThatThereAre(int size) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FinalSize.factor(size, ImageParameters.getDefaultInstance(), MODELS))
                .withMessage("--size " + size + ": the model draws 64 pixels, which can become 64, 256, 1024");
    }

    @Test
    void factor_unknownModel_isLeftToTheGateway() {
        ImageParameters asked = ImageParameters.newBuilder().setModel("dall-e").build();

        assertThat(FinalSize.factor(100, asked, MODELS)).isEqualTo(1);
    }

    private static ImageModel model(String name, int size) {
        return ImageModel.newBuilder()
                .setName(name)
                .setDefaults(ImageParameters.newBuilder().setWidth(size).setHeight(size))
                .build();
    }
}
