// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.Summary;
import dev.darkroom.evaluation.caption.CaptionFiles;
import dev.darkroom.evaluation.caption.CaptionScores;
import dev.darkroom.evaluation.feature.ClipMaximumMeanDiscrepancy;
import dev.darkroom.evaluation.feature.DensityCoverage;
import dev.darkroom.evaluation.feature.Divisor;
import dev.darkroom.evaluation.feature.FeatureStatistics;
import dev.darkroom.evaluation.feature.Features;
import dev.darkroom.evaluation.feature.FrechetDistance;
import dev.darkroom.evaluation.feature.InceptionScore;
import dev.darkroom.evaluation.feature.Kernel;
import dev.darkroom.evaluation.feature.KernelInceptionDistance;
import dev.darkroom.evaluation.feature.KernelInceptionDistance.Subsets;
import dev.darkroom.evaluation.feature.MaximumMeanDiscrepancy;
import dev.darkroom.evaluation.feature.MaximumMeanDiscrepancy.Estimator;
import dev.darkroom.evaluation.feature.PrecisionRecall;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "evaluate",
        description =
                "Measures sets of pictures, clips and captions, compares two results, and prepares a blind rating.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  darkroom evaluate fid --real photos/ --fake drawn/",
            "  darkroom evaluate is --fake drawn/ --features inception.onnx",
            "  darkroom evaluate fvd --real clips/ --fake drawn/ --features i3d.onnx",
            "  darkroom evaluate captions --references people.json --candidates model.json --json > a.json",
            "  darkroom evaluate --compare a.json b.json",
            "  darkroom evaluate --pairwise old/ new/ -o rating.html"
        })
final class EvaluateCommand implements Callable<Integer> {

    @Option(
            names = "--pairwise",
            arity = "2",
            paramLabel = "DIR",
            description =
                    "Write a page on which people choose between pictures of two folders without knowing which is which.")
    private List<Path> pairwise = List.of();

    @Option(
            names = "--compare",
            arity = "2",
            paramLabel = "FILE",
            description = "Compare two results of 'evaluate ... --json' item by item, with significance.")
    private List<Path> compare = List.of();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            defaultValue = "rating.html",
            description = "Where the page of --pairwise goes. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("");

    @Option(names = "--seed", defaultValue = "0", description = "Seed of the page's order. Default: 0.")
    private long seed;

    @Option(names = "--json", description = "Print the comparison as one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException {
        if (pairwise.isEmpty() == compare.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "Say what to evaluate: fid, kid, cmmd, prdc, captions, is, fvd, --compare or --pairwise");
        }
        PrintWriter out = spec.commandLine().getOut();
        if (pairwise.isEmpty()) {
            ResultComparison comparison = ResultComparison.read(compare.getFirst(), compare.getLast());
            out.print(json ? comparison.json() + "\n" : comparison.text());
        } else {
            BlindRatingPage page = BlindRatingPage.of(pairwise.getFirst(), pairwise.getLast(), seed);
            Files.writeString(output, page.html());
            out.printf("%s  %d pairs%n", output, page.pairs().size());
        }
        out.flush();
        return 0;
    }

    @Command(
            name = "fid",
            description = "Frechet distance between two sets of pictures: lower is more alike.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    int fid(
            @Mixin ComparedPictures pictures,
            @Mixin EvaluationOutput output,
            @Option(
                            names = "--save-real",
                            paramLabel = "FILE",
                            description = "Keep the statistics of --real, to be given as --real later.")
                    @Nullable
                    Path saveReal)
            throws IOException {
        ComparedPictures.Seen seen = pictures.look(output.progress());
        FrechetDistance distance = FrechetDistance.between(
                seen.real().statistics().gaussian(Divisor.N_MINUS_1),
                seen.fake().statistics().gaussian(Divisor.N_MINUS_1));
        if (saveReal != null) {
            seen.saveReal(saveReal);
        }
        @Nullable
        Interval interval = seen.real().isSaved()
                ? null
                : pictures.interval(bootstrap -> FrechetDistance.interval(
                        seen.real().features(),
                        seen.fake().features(),
                        Divisor.N_MINUS_1,
                        distance.value(),
                        bootstrap));
        EvaluationReport report = seen.report()
                .with(new EvaluationReport.Metric(
                        "fid",
                        "Frechet distance, covariance divided by N - 1, of these features: compare only within one network",
                        distance.value(),
                        interval));
        output.print(report.warning(distance.warnings()));
        return 0;
    }

    @Command(
            name = "kid",
            description =
                    "Kernel distance between two sets of pictures: lower is more alike; without bias, so it may be below 0.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    int kid(
            @Mixin ComparedPictures pictures,
            @Mixin EvaluationOutput output,
            @Option(
                            names = "--subsets",
                            defaultValue = "100",
                            description = "Blocks that the distance is averaged over. Default: ${DEFAULT-VALUE}.")
                    int subsets,
            @Option(
                            names = "--subset-size",
                            defaultValue = "1000",
                            description = "Pictures of each set in a block. Default: ${DEFAULT-VALUE}.")
                    int subsetSize)
            throws IOException {
        ComparedPictures.Seen seen = pictures.look(output.progress());
        Features real = seen.real().features();
        Features fake = seen.fake().features();
        int fewest = Math.min(real.count(), fake.count());
        if (fewest < subsetSize) {
            throw new IllegalArgumentException(
                    "--subset-size %d: the smaller set has %d pictures; take more pictures or a --subset-size of %d or less"
                            .formatted(subsetSize, fewest, fewest));
        }
        Kernel kernel = Kernel.Polynomial.ofKid(real.width());
        KernelInceptionDistance kid = KernelInceptionDistance.between(
                real, fake, kernel, Estimator.UNBIASED, new Subsets(subsets, subsetSize, 2020));
        @Nullable Interval interval = pictures.interval(bootstrap -> aroundBlocks(kid, real, fake, kernel, bootstrap));
        output.print(seen.report()
                .with(new EvaluationReport.Metric(
                        "kid",
                        "unbiased, kernel (x.y / D + 1)^3, mean over " + subsets + " blocks of " + subsetSize,
                        kid.mean(),
                        interval))
                .with(new EvaluationReport.Metric(
                        "kid_std", "between the blocks, of the population", kid.standardDeviation(), null)));
        return 0;
    }

    /** The interval of the estimate from all pictures, around the one from blocks: both have no bias. */
    private static Interval aroundBlocks(
            KernelInceptionDistance kid, Features real, Features fake, Kernel kernel, Bootstrap bootstrap) {
        MaximumMeanDiscrepancy all = MaximumMeanDiscrepancy.between(real, fake, kernel, Estimator.UNBIASED);
        Interval interval = all.interval(bootstrap);
        double shift = kid.mean() - all.value();
        return new Interval(interval.low() + shift, interval.high() + shift, interval.level());
    }

    @Command(
            name = "cmmd",
            description =
                    "CLIP's kernel distance between two sets of pictures: lower is more alike; needs fewer pictures than fid.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    int cmmd(@Mixin ComparedPictures pictures, @Mixin EvaluationOutput output) throws IOException {
        ComparedPictures.Seen seen = pictures.look(output.progress());
        MaximumMeanDiscrepancy distance = ClipMaximumMeanDiscrepancy.between(
                seen.real().features(), seen.fake().features());
        output.print(seen.report()
                .with(new EvaluationReport.Metric(
                        "cmmd",
                        "1000 x biased squared MMD of unit vectors, Gaussian kernel of sigma 10",
                        distance.value(),
                        pictures.interval(distance::interval))));
        return 0;
    }

    @Command(
            name = "prdc",
            description = {
                "Precision and density: do the fake pictures look like real ones?",
                "Recall and coverage: are all kinds of real pictures among the fake ones?"
            },
            mixinStandardHelpOptions = true,
            sortOptions = false)
    int prdc(
            @Mixin ComparedPictures pictures,
            @Mixin EvaluationOutput output,
            @Option(
                            names = "--k",
                            description =
                                    "Which neighbour a ball reaches. Default: 3 for precision and recall, 5 for density and coverage.")
                    @Nullable
                    Integer k)
            throws IOException {
        ComparedPictures.Seen seen = pictures.look(output.progress());
        PrecisionRecall precisionRecall =
                PrecisionRecall.of(seen.real().features(), seen.fake().features(), k == null ? 3 : k);
        DensityCoverage densityCoverage =
                DensityCoverage.of(seen.real().features(), seen.fake().features(), k == null ? 5 : k);
        String kynkaanniemi = "Kynkaanniemi 2019, k = " + precisionRecall.k();
        String naeem = "Naeem 2020, k = " + densityCoverage.k();
        output.print(seen.report()
                .with(mean("precision", kynkaanniemi, precisionRecall.precisionHits(), pictures))
                .with(mean("recall", kynkaanniemi, precisionRecall.recallHits(), pictures))
                .with(mean("density", naeem, densityCoverage.densities(), pictures))
                .with(mean("coverage", naeem, densityCoverage.covered(), pictures)));
        return 0;
    }

    private static EvaluationReport.Metric mean(
            String name, String variant, List<Double> values, ComparedPictures pictures) {
        return new EvaluationReport.Metric(
                name, variant, Summary.mean(values), pictures.interval(bootstrap -> bootstrap.mean(values)));
    }

    @Command(
            name = "is",
            description =
                    "Inception score of one set of pictures: higher is surer and more varied classes, from 1 to their number.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    int is(
            @Mixin JudgedPictures pictures,
            @Mixin EvaluationOutput output,
            @Option(
                            names = "--splits",
                            defaultValue = "10",
                            description = "Parts that the score is averaged over. Default: ${DEFAULT-VALUE}.")
                    int splits)
            throws IOException {
        JudgedPictures.Seen seen = pictures.look(output.progress());
        Features logits = seen.logits();
        InceptionScore score = InceptionScore.of(logits, splits, InceptionScore.shuffled(logits.count()));
        output.print(EvaluationReport.of(seen)
                .with(new EvaluationReport.Metric(
                        "is",
                        "torch-fidelity, mean over " + splits + " splits, shuffled by seed 2020",
                        score.mean(),
                        pictures.interval(bootstrap -> score.interval(logits, bootstrap))))
                .with(new EvaluationReport.Metric(
                        "is_std", "between the splits, of the population", score.standardDeviation(), null))
                .warning(fewPictures(logits, splits)));
        return 0;
    }

    private static List<String> fewPictures(Features logits, int splits) {
        int each = logits.count() / splits;
        return each < logits.width()
                ? List.of(
                        "%d pictures in a split, and %d classes: a score cannot exceed the pictures of a split; take more"
                                .formatted(each, logits.width()))
                : List.of();
    }

    @Command(
            name = "fvd",
            description = "Frechet distance between two sets of clips: lower is more alike.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    int fvd(@Mixin ComparedClips clips, @Mixin EvaluationOutput output) throws IOException {
        ComparedClips.Seen seen = clips.look(output.progress());
        FrechetDistance distance = FrechetDistance.between(
                FeatureStatistics.of(seen.real()).gaussian(Divisor.N),
                FeatureStatistics.of(seen.fake()).gaussian(Divisor.N));
        output.print(EvaluationReport.of(seen)
                .with(new EvaluationReport.Metric(
                        "fvd",
                        "Frechet distance, covariance divided by N, of these features: compare only within one network and clip length",
                        distance.value(),
                        clips.interval(bootstrap -> FrechetDistance.interval(
                                seen.real(), seen.fake(), Divisor.N, distance.value(), bootstrap))))
                .warning(distance.warnings()));
        return 0;
    }

    @Command(
            name = "captions",
            description = "BLEU, ROUGE-L, CIDEr and METEOR of captions against what people wrote.",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            footer = {
                "",
                "Files: JSON as COCO or clipscore have it, or text with one line for each picture, several captions apart by tabs."
            })
    int captions(
            @Option(names = "--references", required = true, paramLabel = "FILE", description = "What people wrote.")
                    Path references,
            @Option(
                            names = "--candidates",
                            required = true,
                            paramLabel = "FILE",
                            description = "The captions to judge.")
                    Path candidates,
            @Mixin BootstrapOption bootstrap,
            @Mixin EvaluationOutput output)
            throws IOException {
        PictureInput.requireFile(references);
        PictureInput.requireFile(candidates);
        CaptionScores scores = CaptionScores.of(CaptionFiles.read(candidates, references));
        output.print(EvaluationReport.of(scores, bootstrap));
        return 0;
    }
}
