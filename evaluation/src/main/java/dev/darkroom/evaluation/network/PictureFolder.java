// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.network;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.image.ImageDecoder;
import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.image.UnreadableImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ObjIntConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The PNG, JPEG and WebP files below a folder, in the order of their paths. One picture is held at a time.
 *
 * @param files not read yet
 */
public record PictureFolder(Path folder, List<Path> files) {
    private static final Set<String> ENDINGS = Set.of("png", "jpg", "jpeg", "webp");

    /** Larger than any that a network looks at, small enough for one to be no burden. */
    private static final ImageLimits LIMITS = new ImageLimits(1, 16_384, 128 << 20);

    public PictureFolder {
        files = List.copyOf(files);
    }

    /**
     * Lists a folder and those below it.
     *
     * @throws EvaluationException if there is no picture
     */
    public static PictureFolder list(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new EvaluationException(Reason.UNREADABLE, folder + " is not a folder");
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            List<Path> files = paths.filter(PictureFolder::isPicture).sorted().toList();
            if (files.isEmpty()) {
                throw new EvaluationException(
                        Reason.TOO_FEW_SAMPLES, folder + " holds no picture (.png, .jpg, .jpeg or .webp)");
            }
            return new PictureFolder(folder, files);
        }
    }

    static boolean isPicture(Path path) {
        return ENDINGS.contains(ending(path)) && Files.isRegularFile(path);
    }

    private static String ending(Path path) {
        String name = path.toString();
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    /** Returns how many files have each ending: distances depend on the format. */
    public Map<String, Long> formats() {
        return files.stream()
                .collect(Collectors.groupingBy(PictureFolder::ending, TreeMap::new, Collectors.counting()));
    }

    /**
     * Shows every picture to a network.
     *
     * @param consumer gets each picture's features, in order, with the number of pictures done
     * @throws EvaluationException naming a file that is no picture: leaving it out silently would change the value
     */
    public void features(FeatureNetwork network, Cancellation cancellation, ObjIntConsumer<double[]> consumer)
            throws IOException {
        for (int i = 0; i < files.size(); i++) {
            consumer.accept(network.features(read(files.get(i)), cancellation), i + 1);
        }
    }

    static RgbImage read(Path file) throws IOException {
        try {
            return ImageDecoder.decode(Files.readAllBytes(file), LIMITS).image();
        } catch (UnreadableImageException e) {
            throw new EvaluationException(
                    Reason.UNREADABLE, file + ": " + e.getMessage() + ". Remove the file or replace it");
        }
    }
}
