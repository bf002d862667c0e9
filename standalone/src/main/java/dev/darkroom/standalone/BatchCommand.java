// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.ItemLimits;
import dev.darkroom.gateway.batch.ItemKind;
import dev.darkroom.gateway.batch.Manifest;
import dev.darkroom.gateway.batch.ManifestError;
import dev.darkroom.gateway.batch.ManifestFormat;
import dev.darkroom.gateway.batch.ManifestItem;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import dev.darkroom.rpc.Violation;
import io.grpc.Channel;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "batch",
        description = "Makes everything that a manifest asks for; run again, what is missing.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {"", "Example: darkroom batch manifest.jsonl -o out/ --contact-sheet"})
final class BatchCommand implements Callable<Integer> {
    private static final int ON_ONE_SHEET = 100;

    @Parameters(
            paramLabel = "MANIFEST",
            description = "A .jsonl, .csv or .yaml file, or an input file of OpenAI's Batch API.")
    private Path file = Path.of("");

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FOLDER",
            required = true,
            description = "Where pictures, results.jsonl and, if anything fails, failed.jsonl (.csv, .yaml) go.")
    private Path output = Path.of("");

    @Option(names = "--dry-run", description = "Only check the manifest and say what would be made.")
    private boolean dryRun;

    @Option(
            names = "--name",
            paramLabel = "TEMPLATE",
            defaultValue = "{id}",
            description =
                    "Names of the pictures, of {id}, {index}, {line}, {kind} and {seed}; the second picture of an item has +2 behind it. Default: {id}.")
    private String name = "{id}";

    @Option(names = "--contact-sheet", description = "Also put all pictures side by side, 100 on a sheet.")
    private boolean contactSheet;

    @Option(names = "--html", description = "Also write index.html, a page of all results.")
    private boolean html;

    @Option(names = "--parallel", defaultValue = "4", description = "Items under way at a time, 1 to 16. Default: 4.")
    private int parallel;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors.")
    private boolean quiet;

    @Mixin
    private GatewayOption gateway = new GatewayOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (parallel < 1 || parallel > 16) {
            throw new IllegalArgumentException("--parallel must be 1 to 16, but was " + parallel);
        }
        PictureInput.requireFile(file);
        BatchName names = new BatchName(name);
        byte[] bytes = Files.readAllBytes(file);
        ManifestFormat format = ManifestFormat.ofFile(file.toString());
        Manifest manifest = Manifest.plan(bytes, format);
        if (!manifest.errors().isEmpty()) {
            return refuse(manifest.errors());
        }
        try (Gateway connected = gateway.connect(services(manifest))) {
            List<ManifestError> errors = errors(manifest, connected.channel());
            if (!errors.isEmpty()) {
                return refuse(errors);
            }
            BatchMaker maker = new BatchMaker(connected.channel(), folderOf(file), output, names);
            return dryRun
                    ? describe(manifest, new BatchForecast(connected.channel()))
                    : make(manifest, maker, bytes, format);
        }
    }

    private static ServeOptions services(Manifest manifest) {
        boolean captions = manifest.items().stream().anyMatch(item -> needsCaptions(item));
        boolean pictures = manifest.items().stream().anyMatch(item -> item.kind() != ItemKind.CAPTION);
        List<String> needed = new ArrayList<>();
        if (captions) {
            needed.add(ServeOptions.CAPTION);
        }
        if (pictures) {
            needed.add(ServeOptions.TEXT2IMAGE);
        }
        return ServeOptions.with(needed.toArray(String[]::new));
    }

    private static boolean needsCaptions(ManifestItem item) {
        return item.kind() == ItemKind.CAPTION
                || (item.request() instanceof GenerateImagesRequest request && request.hasBestOf());
    }

    private static Path folderOf(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? Path.of("") : folder;
    }

    /** What this gateway would refuse, of every item, before any is made. */
    private List<ManifestError> errors(Manifest manifest, Channel channel) {
        ItemLimits limits = new ItemLimits(
                ModelServiceGrpc.newBlockingStub(channel).listModels(ListModelsRequest.getDefaultInstance()));
        List<ManifestError> errors = new ArrayList<>();
        for (ManifestItem item : manifest.items()) {
            violations(item, limits)
                    .forEach(it -> errors.add(new ManifestError(
                            item.line(), 1, it.field().replaceFirst("^parameters\\.", ""), it.description())));
            Path image = folderOf(file).resolve(item.image());
            if (!item.image().isEmpty() && !Files.isRegularFile(image)) {
                errors.add(new ManifestError(item.line(), 1, "image", "must be a file, but was " + item.image()));
            }
        }
        return errors.stream().distinct().toList();
    }

    private static List<Violation> violations(ManifestItem item, ItemLimits limits) {
        return switch (item.kind()) {
            case IMAGE -> limits.check((GenerateImagesRequest) item.request());
            case CAPTION -> limits.check((CaptionImagesRequest) item.request());
            case UPSCALE -> limits.check((UpscaleImageRequest) item.request());
        };
    }

    private int refuse(List<ManifestError> errors) {
        PrintWriter err = spec.commandLine().getErr();
        errors.forEach(error -> err.println(file + ", " + error));
        err.println("darkroom: nothing was made; " + errors.size() + (errors.size() == 1 ? " mistake" : " mistakes")
                + " in the manifest.");
        return Failures.REFUSED;
    }

    private int describe(Manifest manifest, BatchForecast forecast) {
        say(counts(manifest));
        say(forecast.of(manifest));
        return 0;
    }

    private static String counts(Manifest manifest) {
        String kinds = manifest.items().stream()
                .collect(Collectors.groupingBy(ManifestItem::kind, TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(kind -> kind.getValue() + " " + kind.getKey().word())
                .collect(Collectors.joining(", "));
        return "%d items (%s), %d of them different".formatted(manifest.items().size(), kinds, manifest.distinct());
    }

    private int make(Manifest manifest, BatchMaker maker, byte[] bytes, ManifestFormat format)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        try (BatchJournal journal = new BatchJournal(output)) {
            BatchRun run = new BatchRun(manifest, maker, journal);
            int kept = run.kept();
            List<BatchResult> results = run.run(parallel, Progress.onTerminal(quiet));
            Path written = journal.finish(results);
            writeFailed(results, bytes, format);
            if (contactSheet) {
                writeSheets(results);
            }
            if (html) {
                String title = String.valueOf(file.getFileName());
                Files.writeString(output.resolve("index.html"), new BatchPage(title, manifest, results).html());
            }
            report(results, kept, written, (System.nanoTime() - start) / 1e9);
            return exitCode(results);
        }
    }

    private void report(List<BatchResult> results, int kept, Path written, double seconds) {
        long failed = count(results, BatchResult.Status.FAILED);
        long heldBack = count(results, BatchResult.Status.HELD_BACK);
        results.stream()
                .filter(result -> result.status() == BatchResult.Status.FAILED)
                .limit(10)
                .forEach(result -> spec.commandLine()
                        .getErr()
                        .println(file + ", line " + result.line() + ", " + result.id() + ": " + result.error()));
        say(String.format(
                Locale.ROOT,
                "%s  %d done%s%s%s in %.1f s",
                written,
                results.size() - failed - heldBack,
                kept == 0 ? "" : " (" + kept + " of an earlier run)",
                heldBack == 0 ? "" : ", " + heldBack + " held back",
                failed == 0 ? "" : ", " + failed + " failed",
                seconds));
    }

    private static int exitCode(List<BatchResult> results) {
        if (count(results, BatchResult.Status.FAILED) > 0) {
            return Failures.FAILED;
        }
        return count(results, BatchResult.Status.HELD_BACK) > 0 ? Failures.HELD_BACK : 0;
    }

    private static long count(List<BatchResult> results, BatchResult.Status status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    /** The entries that failed, as a manifest that can be run; none is left from an earlier run. */
    private void writeFailed(List<BatchResult> results, byte[] bytes, ManifestFormat format) throws IOException {
        Path failed = output.resolve("failed." + format.name().toLowerCase(Locale.ROOT));
        Set<Integer> lines = results.stream()
                .filter(result -> result.status() == BatchResult.Status.FAILED)
                .map(BatchResult::line)
                .collect(Collectors.toSet());
        Files.deleteIfExists(failed);
        if (!lines.isEmpty()) {
            Files.writeString(failed, Manifest.subset(bytes, format, lines));
        }
    }

    private void writeSheets(List<BatchResult> results) throws IOException {
        List<String> files =
                results.stream().flatMap(result -> result.files().stream()).toList();
        for (int start = 0; start < files.size(); start += ON_ONE_SHEET) {
            List<BufferedImage> pictures = new ArrayList<>();
            for (String name : files.subList(start, Math.min(files.size(), start + ON_ONE_SHEET))) {
                pictures.add(ImageIO.read(output.resolve(name).toFile()));
            }
            String sheet = files.size() <= ON_ONE_SHEET
                    ? "contact-sheet.png"
                    : "contact-sheet+" + (start / ON_ONE_SHEET + 1) + ".png";
            ImageIO.write(
                    ContactSheet.of(pictures), "png", output.resolve(sheet).toFile());
            say(output.resolve(sheet) + "  " + Notes.pictures(pictures.size()));
        }
    }

    private void say(String line) {
        if (!quiet) {
            PrintWriter out = spec.commandLine().getOut();
            out.println(line);
            out.flush();
        }
    }
}
