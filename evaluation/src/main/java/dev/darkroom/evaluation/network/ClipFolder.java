// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.network;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.image.RgbImage;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ObjIntConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Clips as folders of frames: every folder below one that holds PNG, JPEG or WebP files, these in the order of their names, where digits count
 * as numbers ({@code frame_2} before {@code frame_10}). One clip is held at a time.
 *
 * @param clips the frames of each clip, not read yet, in the order of their folders
 */
public record ClipFolder(Path folder, List<List<Path>> clips) {
    private static final Pattern NUMBER = Pattern.compile("\\d+|\\D+");

    public ClipFolder {
        clips = List.copyOf(clips);
    }

    /**
     * Lists the clips below a folder.
     *
     * @throws EvaluationException if there is none
     */
    public static ClipFolder list(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new EvaluationException(Reason.UNREADABLE, folder + " is not a folder");
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            Map<Path, List<Path>> frames = paths.filter(PictureFolder::isPicture)
                    .filter(path -> !folder.equals(path.getParent()))
                    .collect(Collectors.groupingBy(Path::getParent, TreeMap::new, Collectors.toList()));
            if (frames.isEmpty()) {
                throw new EvaluationException(
                        Reason.TOO_FEW_SAMPLES,
                        folder + " holds no clip: a folder of frames (.png, .jpg, .jpeg or .webp) for each");
            }
            return new ClipFolder(
                    folder,
                    frames.values().stream()
                            .map(clip -> clip.stream().sorted(BY_NAME).toList())
                            .toList());
        }
    }

    private static final Comparator<Path> BY_NAME = Comparator.<Path, List<String>>comparing(
                    path -> parts(path), ClipFolder::compare)
            .thenComparing(Comparator.naturalOrder());

    private static List<String> parts(Path path) {
        List<String> parts = new ArrayList<>();
        Matcher matcher = NUMBER.matcher(String.valueOf(path.getFileName()));
        while (matcher.find()) {
            parts.add(matcher.group());
        }
        return parts;
    }

    private static int compare(List<String> a, List<String> b) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            int order = compare(a.get(i), b.get(i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(a.size(), b.size());
    }

    private static int compare(String a, String b) {
        boolean numbers = isNumber(a) && isNumber(b);
        return numbers ? new BigInteger(a).compareTo(new BigInteger(b)) : a.compareTo(b);
    }

    private static boolean isNumber(String part) {
        return Character.isDigit(part.charAt(0));
    }

    /**
     * Shows every clip to a network.
     *
     * @param frames from the start of each clip; 0 for all that it has
     * @param consumer gets each clip's features, in order, with the number of clips done
     * @throws EvaluationException naming a clip that is too short, or a file that is no picture: leaving it out silently would change the
     *     value
     */
    public void features(
            VideoFeatures network, int frames, Cancellation cancellation, ObjIntConsumer<double[]> consumer)
            throws IOException {
        for (List<Path> clip : clips) {
            if (clip.size() < frames) {
                throw new EvaluationException(
                        Reason.TOO_FEW_SAMPLES,
                        "%s has %d frames, %d are needed"
                                .formatted(clip.getFirst().getParent(), clip.size(), frames));
            }
        }
        for (int i = 0; i < clips.size(); i++) {
            List<Path> clip = clips.get(i);
            consumer.accept(
                    network.features(read(clip.subList(0, frames == 0 ? clip.size() : frames)), cancellation), i + 1);
        }
    }

    private static List<RgbImage> read(List<Path> files) throws IOException {
        List<RgbImage> frames = new ArrayList<>();
        for (Path file : files) {
            frames.add(PictureFolder.read(file));
        }
        return frames;
    }
}
