// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The network calls of one guided 64-pixel picture of {@code pocket-unet} and the least arithmetic between them, straight on ONNX Runtime:
 * no tokenizer, no sampler, no checks, no picture file. What it draws means nothing; what it costs is the floor.
 */
final class BareLoop implements AutoCloseable {

    private static final int CHANNELS = 8;
    private static final int SIDE = 16;
    private static final int WINDOW = 32;
    private static final int LATENT = CHANNELS * SIDE * SIDE;
    private static final Path MODEL = Path.of(System.getProperty("darkroom.home", ""), "models", "pocket-unet");

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession textEncoder;
    private final OrtSession unet;
    private final OrtSession vaeDecoder;

    BareLoop() throws OrtException {
        textEncoder = session("text_encoder/model.onnx");
        unet = session("unet/model.onnx");
        vaeDecoder = session("vae/decoder_model.onnx");
    }

    private OrtSession session(String graph) throws OrtException {
        return environment.createSession(MODEL.resolve(graph).toString(), new OrtSession.SessionOptions());
    }

    double secondsFor(int steps, float guidance) throws OrtException {
        long start = System.nanoTime();
        float[] latents = noise();
        try (OnnxTensor ids = OnnxTensor.createTensor(
                        environment, LongBuffer.wrap(new long[2 * WINDOW]), new long[] {2, WINDOW});
                OrtSession.Result text = textEncoder.run(Map.of("input_ids", ids), Set.of("last_hidden_state"))) {
            for (int step = steps; step > 0; step--) {
                latents = next(latents, 999f * step / steps, (OnnxTensor) text.get(0), guidance);
            }
        }
        decode(latents);
        return (System.nanoTime() - start) / 1e9;
    }

    private float[] next(float[] latents, float timestep, OnnxTensor text, float guidance) throws OrtException {
        float[] twice = new float[2 * LATENT];
        System.arraycopy(latents, 0, twice, 0, LATENT);
        System.arraycopy(latents, 0, twice, LATENT, LATENT);
        try (OnnxTensor sample = tensor(twice, 2, CHANNELS, SIDE, SIDE);
                OnnxTensor timesteps = tensor(new float[] {timestep, timestep}, 2);
                OrtSession.Result result =
                        unet.run(Map.of("sample", sample, "timestep", timesteps, "encoder_hidden_states", text))) {
            FloatBuffer noisePred = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] next = new float[LATENT];
            for (int i = 0; i < LATENT; i++) {
                float without = noisePred.get(i);
                next[i] = 0.9f * latents[i] - 0.1f * (without + guidance * (noisePred.get(LATENT + i) - without));
            }
            return next;
        }
    }

    private void decode(float[] latents) throws OrtException {
        try (OnnxTensor sample = tensor(latents, 1, CHANNELS, SIDE, SIDE);
                OrtSession.Result result = vaeDecoder.run(Map.of("latent_sample", sample))) {
            ((OnnxTensor) result.get(0)).getFloatBuffer();
        }
    }

    private OnnxTensor tensor(float[] data, long... shape) throws OrtException {
        return OnnxTensor.createTensor(environment, FloatBuffer.wrap(data), shape);
    }

    private static float[] noise() {
        Random random = new Random(1);
        float[] noise = new float[LATENT];
        for (int i = 0; i < LATENT; i++) {
            noise[i] = (float) random.nextGaussian();
        }
        return noise;
    }

    @Override
    public void close() throws OrtException {
        textEncoder.close();
        unet.close();
        vaeDecoder.close();
    }
}
