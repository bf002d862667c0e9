// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.darkroom.rpc.RpcConfiguration;
import dev.darkroom.rpc.ServiceApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetyConfigurationTest {

    @Test
    void configuration_nothingSet_hasDefaults() {
        try (ServiceApplication application = application()) {
            assertThat(application.context().getBean(SafetyConfiguration.class)).isEqualTo(new SafetyConfiguration(""));
            assertThat(application.context().getBean(OutputConfiguration.class))
                    .isEqualTo(new OutputConfiguration(Path.of("models"), "auto", "", 8192, 64 << 20, 0));
            assertThat(application.context().getBean(RpcConfiguration.class).maxInboundMessageSize())
                    .isGreaterThan(64 << 20);
        }
    }

    @Test
    void configuration_everyKeySet_isMapped(@TempDir Path folder) {
        try (ServiceApplication application = application(
                "--darkroom.safety.policies-directory=" + folder,
                "--darkroom.safety.output.models-directory=" + folder,
                "--darkroom.safety.output.model=mine",
                "--darkroom.safety.output.concepts=" + folder.resolve("mine.json"),
                "--darkroom.safety.output.max-size=512",
                "--darkroom.safety.output.max-bytes=1000",
                "--darkroom.safety.output.threads=3")) {
            assertThat(application.context().getBean(SafetyConfiguration.class))
                    .isEqualTo(new SafetyConfiguration(folder.toString()));
            assertThat(application.context().getBean(OutputConfiguration.class))
                    .isEqualTo(new OutputConfiguration(
                            folder, "mine", folder.resolve("mine.json").toString(), 512, 1000, 3));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "none"})
    void folder_none_isNone(String model) {
        try (ServiceApplication application = application("--darkroom.safety.output.model=" + model)) {
            assertThat(application.context().getBean(OutputConfiguration.class).folder())
                    .isNull();
        }
    }

    @Test
    void folder_auto_isThePocketModelWhereThereIsOne(@TempDir Path models) throws IOException {
        OutputConfiguration configuration = new OutputConfiguration(models, "auto", "", 8192, 1000, 0);

        assertThat(configuration.folder()).isNull();
        Path pocket = Files.createDirectory(models.resolve("pocket-clip"));
        assertThat(configuration.folder()).isEqualTo(pocket);
    }

    @Test
    void folder_named_liesAmongTheModelsOrAnywhere() {
        Path models = Path.of("models");
        assertThat(new OutputConfiguration(models, "mine", "", 1, 1, 0).folder())
                .isEqualTo(models.resolve("mine"));
        assertThat(new OutputConfiguration(models, "/srv/clip", "", 1, 1, 0).folder())
                .isEqualTo(Path.of("/srv/clip"));
    }

    @Test
    void configuration_outOfRange_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OutputConfiguration(Path.of("models"), "", "", 0, 1, 0))
                .withMessage("darkroom.safety.output.max-size must be at least 1, but was 0");
    }

    private static ServiceApplication application(String... arguments) {
        return ServiceApplication.named(Application.NAME)
                .property("grpc.server.port", 0)
                .arguments(arguments)
                .start();
    }
}
