// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.image.PngReader;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.Fingerprint;
import dev.darkroom.text2image.v1.UpscaleParameters;

/**
 * What a picture's file says of how it was made: the parameters of its generation, and how it was enlarged. Read from files that may come
 * from anybody, so it is a claim, kept within bounds.
 */
record Origin(ObjectNode json) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Characters of JSON; two prompts of 2,000 code points, escaped, and every number fit twice. */
    private static final int MAX_LENGTH = 65_536;

    /** Reads the text that a Darkroom PNG carries; empty for every other file. Nothing else in the file is looked at. */
    static Origin of(byte[] file) {
        try {
            String text = PngReader.parametersJson(file);
            JsonNode json = text.length() <= MAX_LENGTH ? JSON.readTree(text) : JSON.missingNode();
            return new Origin(json instanceof ObjectNode object ? object : JSON.createObjectNode());
        } catch (IllegalArgumentException | JsonProcessingException e) {
            return new Origin(JSON.createObjectNode());
        }
    }

    /**
     * Returns the text for the enlarged picture: what was there and, as "upscale", the parameters under their proto names with the
     * fingerprint. How the picture was enlarged before stays inside that, under "upscale" again.
     */
    String enlarged(UpscaleParameters parameters, RgbImage large, Fingerprint fingerprint) {
        ObjectNode all = json.deepCopy();
        JsonNode earlier = all.path("upscale");
        ObjectNode upscale = all.putObject("upscale");
        upscale.put("model", parameters.getModel())
                .put("prompt", parameters.getPrompt())
                .put("num_inference_steps", parameters.getNumInferenceSteps())
                .put("guidance_scale", parameters.getGuidanceScale())
                .put("noise_level", parameters.getNoiseLevel())
                .put("scheduler", parameters.getScheduler())
                .put("seed", parameters.getSeed())
                .put("width", large.width())
                .put("height", large.height());
        Fingerprints.put(fingerprint, upscale);
        if (earlier.isObject()) {
            upscale.set("upscale", earlier);
        }
        return all.toString();
    }
}
