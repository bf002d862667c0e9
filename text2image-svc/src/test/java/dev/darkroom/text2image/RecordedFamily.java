// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.ByteString;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.stream.StreamSupport;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A folder of {@code record_families.py} with what diffusers computed on it.
 *
 * @param folder unpacked, named as the family
 * @param json what was asked
 */
record RecordedFamily(Path folder, JsonNode json, JsonNode header, ByteBuffer tensors) {
    static final TextToImageConfiguration CONFIGURATION = new TextToImageConfiguration(
            Path.of("."), List.of(), ExecutionProvider.CPU, 1, 16, 0, false, 1024, 512, 64, 1000, 16, 2000, 0, -1);

    private static final Path FAMILIES = Path.of("src/test/resources/families");

    static RecordedFamily unpack(String family, Path temporary) throws IOException {
        return read(family, extract(family, "folder/", temporary.resolve(family)));
    }

    /** Reads what was recorded on a folder that lies elsewhere. */
    static RecordedFamily read(String family, Path folder) throws IOException {
        JsonMapper json = new JsonMapper();
        try (ZipFile zip = new ZipFile(FAMILIES.resolve(family + ".zip").toFile())) {
            ByteBuffer golden = ByteBuffer.wrap(read(zip, "golden.safetensors")).order(ByteOrder.LITTLE_ENDIAN);
            int length = Math.toIntExact(golden.getLong());
            JsonNode header = json.readTree(
                    StandardCharsets.UTF_8.decode(golden.slice(8, length)).toString());
            ByteBuffer tensors = golden.slice(8 + length, golden.limit() - 8 - length);
            return new RecordedFamily(folder, json.readTree(read(zip, "golden.json")), header, tensors);
        }
    }

    /** Writes the files of an archive whose names begin like {@code prefix} to a folder, without that. */
    static Path extract(String archive, String prefix, Path folder) throws IOException {
        try (ZipFile zip = new ZipFile(FAMILIES.resolve(archive + ".zip").toFile())) {
            Enumeration<? extends ZipEntry> entries = zip.entries();
            while (entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                if (entry.getName().startsWith(prefix)) {
                    Path file = folder.resolve(entry.getName().substring(prefix.length()));
                    Files.createDirectories(file.getParent());
                    Files.write(file, zip.getInputStream(entry).readAllBytes());
                }
            }
            return folder;
        }
    }

    private static byte[] read(ZipFile zip, String name) throws IOException {
        return zip.getInputStream(zip.getEntry(name)).readAllBytes();
    }

    /** Returns a float32 tensor. */
    Tensor floats(String name) {
        ByteBuffer values = values(name);
        float[] floats = new float[values.remaining() / Float.BYTES];
        values.asFloatBuffer().get(floats);
        JsonNode shape = header.get(name).get("shape");
        int[] dims = new int[shape.size()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = shape.get(i).asInt();
        }
        return Tensor.of(floats, dims);
    }

    byte[] bytes(String name) {
        ByteBuffer values = values(name);
        byte[] bytes = new byte[values.remaining()];
        values.get(bytes);
        return bytes;
    }

    /** Returns a tensor (h, w, 3) of bytes as a picture. */
    RgbImage image(String name) {
        JsonNode shape = header.get(name).get("shape");
        return RgbImage.of(shape.get(1).asInt(), shape.get(0).asInt(), bytes(name));
    }

    private ByteBuffer values(String name) {
        JsonNode offsets = header.get(name).get("data_offsets");
        int start = offsets.get(0).asInt();
        return tensors.slice(start, offsets.get(1).asInt() - start).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Makes the pictures of a case; what they looked like after each step is added to {@code latents}, (N, C, h, w) each. */
    List<RgbImage> generate(String key, TextToImageModel model, TextToImageModel refiner, List<Tensor> latents) {
        JsonNode golden = StreamSupport.stream(json.get("cases").spliterator(), false)
                .filter(each -> each.get("key").asText().equals(key))
                .findFirst()
                .orElseThrow();
        GenerationRequest made = GenerationRequest.from(request(golden), model, _ -> refiner);
        try (StepBatcher batcher = StepBatcher.start(1);
                Work work = model.pipeline().open(batcher, made, new Cancellation())) {
            return model.pipeline()
                    .generate(
                            made,
                            event -> {
                                if (event instanceof GenerationEvent.StepCompleted step) {
                                    latents.add(step.state().latents());
                                }
                            },
                            work);
        }
    }

    /** Returns the request of a case. */
    GenerateRequest request(JsonNode golden) {
        JsonNode options = golden.get("options");
        String key = golden.get("key").asText();
        ImageParameters.Builder parameters = ImageParameters.newBuilder()
                .setPrompt(golden.get("prompt").asText())
                .setNegativePrompt(options.path("negative_prompt").asText())
                .setSeed(golden.get("seed").asLong())
                .setNumInferenceSteps(golden.get("num_inference_steps").asInt())
                .setScheduler(label(golden))
                .setGuidanceScale((float) golden.get("guidance_scale").asDouble())
                .setGuidanceRescale((float) options.path("guidance_rescale").asDouble())
                .setClipSkip(options.path("clip_skip").asInt())
                .setNumImagesPerPrompt(golden.get("num_images_per_prompt").asInt());
        if (golden.get("guidance_interval").isArray()) {
            parameters.setGuidanceStart(golden.get("guidance_interval").get(0).asDouble());
            parameters.setGuidanceEnd(golden.get("guidance_interval").get(1).asDouble());
        }
        if (golden.get("denoising_split").isNumber()) {
            parameters
                    .setRefiner("sdxl-refiner")
                    .setRefinerStart(golden.get("denoising_split").asDouble());
        }
        if (options.has("aesthetic_score")) {
            parameters.setAestheticScore((float) options.get("aesthetic_score").asDouble());
            parameters.setNegativeAestheticScore(
                    (float) options.get("negative_aesthetic_score").asDouble());
        }
        setSizes(options, parameters);
        if (golden.get("image").isArray()) {
            parameters.setStrength(options.get("strength").asDouble());
            byte[] png = PngWriter.encode(image(key + ".image"), "");
            return GenerateRequest.newBuilder()
                    .setParameters(parameters)
                    .setImage(ByteString.copyFrom(png))
                    .build();
        }
        parameters.setHeight(options.path("height").asInt(json.get("height").asInt()));
        parameters.setWidth(options.path("width").asInt(json.get("width").asInt()));
        return GenerateRequest.newBuilder().setParameters(parameters).build();
    }

    /** In diffusers' order: height before width. */
    private static void setSizes(JsonNode options, ImageParameters.Builder parameters) {
        if (options.has("original_size")) {
            JsonNode size = options.get("original_size");
            parameters
                    .setOriginalHeight(size.get(0).asInt())
                    .setOriginalWidth(size.get(1).asInt());
        }
        if (options.has("crops_coords_top_left")) {
            JsonNode crop = options.get("crops_coords_top_left");
            parameters.setCropTop(crop.get(0).asInt()).setCropLeft(crop.get(1).asInt());
        }
        if (options.has("target_size")) {
            JsonNode size = options.get("target_size");
            parameters
                    .setTargetHeight(size.get(0).asInt())
                    .setTargetWidth(size.get(1).asInt());
        }
    }

    private static String label(JsonNode golden) {
        var config = new JsonMapper()
                .createObjectNode()
                .put("_class_name", golden.get("scheduler").asText());
        return SchedulerType.of(SchedulerConfig.of(config)).label();
    }

    /** Returns ||ours - expected|| / ||expected||. */
    static double distance(Tensor ours, Tensor expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < ours.size(); i++) {
            difference += Math.pow(ours.data()[i] - expected.data()[i], 2);
            norm += Math.pow(expected.data()[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
