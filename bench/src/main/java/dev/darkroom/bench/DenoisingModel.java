// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.Denoiser;
import dev.darkroom.inference.diffusion.Row;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.onnx.SessionSettings;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** The U-Net of {@code pocket-unet} as the service calls it, without the rest. */
final class DenoisingModel implements AutoCloseable {
    private static final Path FOLDER = Path.of(System.getProperty("darkroom.home", ""), "models", "pocket-unet");
    private static final int ROWS_PER_CALL = 16;

    private final StableDiffusionModel model = StableDiffusionModel.load(FOLDER, SessionSettings.cpu());
    private final Denoiser denoiser;

    DenoisingModel() {
        Random random = new Random(0);
        int size = latentSize();
        this.denoiser = Denoiser.probed(
                model.network(),
                IntStream.range(0, 4).mapToObj(_ -> row(random, size, 500)).toList(),
                ROWS_PER_CALL);
        denoiser.tune(row(random, size, 500), Runtime.getRuntime().availableProcessors());
        System.out.printf(
                "%d rows in a call, %d calls at once, %.1f ms for a row%n",
                denoiser.rowsPerCall(), denoiser.lanes(), 1000 * denoiser.secondsPerRow());
    }

    Denoiser denoiser() {
        return denoiser;
    }

    int latentSize() {
        return model.traits().latentSize();
    }

    /** Returns a row of random latents under a random prompt. */
    Row row(Random random, int size, float timestep) {
        GaussianNoise noise = GaussianNoise.seeded(random.nextLong());
        Tensor latents = noise.next(1, model.traits().latentChannels(), size, size);
        int width = model.directory().config("unet").path("cross_attention_dim").asInt();
        Tensor prompt = noise.next(1, model.textEncoder().tokenizer().window(), width);
        return new Row(latents, timestep, Map.of(NetworkInput.PROMPT_EMBEDS, prompt));
    }

    Work open(StepBatcher batcher, int rows, Cancellation cancellation) {
        return denoiser.open(batcher, rows, model.traits().latentChannels(), latentSize(), latentSize(), cancellation);
    }

    /** Returns what the network says of a row in a call of its own. */
    Tensor alone(Row row) {
        return model.network()
                .predict(row.latents(), new float[] {row.timestep()}, row.conditions(), new Cancellation());
    }

    /** Asks for the two rows of a guided picture. */
    List<Tensor> step(Random random, Work work) {
        float timestep = random.nextInt(1000);
        return denoiser.predict(
                List.of(row(random, latentSize(), timestep), row(random, latentSize(), timestep)), work);
    }

    @Override
    public void close() {
        model.close();
    }
}
