// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DrawnSizeTest {
    private static final ImageModel MODEL = ImageModel.newBuilder()
            .setDefaults(ImageParameters.newBuilder().setWidth(512).setHeight(512))
            .setLimits(ImageLimits.newBuilder().setMinSize(64).setMaxSize(1024).setSizeMultiple(64))
            .build();

    @ParameterizedTest
    @CsvSource({"512,512,512,512", "768,512,512,320", "100,200,256,512", "4000,100,512,64", "64,64,512,512"})
    void fit_anyPicture_keepsItsProportionsAtTheModelsSize(int width, int height, int drawnWidth, int drawnHeight) {
        var parameters = ImageParameters.newBuilder();

        DrawnSize.fit(width, height, MODEL, parameters);

        assertThat(parameters.getWidth()).isEqualTo(drawnWidth);
        assertThat(parameters.getHeight()).isEqualTo(drawnHeight);
    }
}
