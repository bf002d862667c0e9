// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImageResponse;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.RequestLog;
import jakarta.inject.Singleton;
import java.util.List;

/** Has pictures described, and looks at what goes in and what comes out. Thread-safe. */
@Singleton
final class Describer {
    private final PromptCheck promptCheck;
    private final OutputCheck outputCheck;
    private final Captioner captioner;

    Describer(PromptCheck promptCheck, OutputCheck outputCheck, Captioner captioner) {
        this.promptCheck = promptCheck;
        this.outputCheck = outputCheck;
        this.captioner = captioner;
    }

    /**
     * Checks prefix and picture, has the picture described, and checks the words, in that order.
     *
     * @param policies names of those that apply beside the server's own
     * @throws Fault.Refused PROMPT_BLOCKED or IMAGE_BLOCKED, if a policy blocks the prefix or the picture
     * @throws Fault.Unavailable if the safety or the caption service cannot be reached or does not answer in time
     */
    CaptionImageResponse describe(CaptionImageRequest request, List<String> policies) {
        requireHarmless(request.getParameters().getPrefix(), policies);
        PictureVerdict verdict = requireHarmless(request.getImage(), policies);
        CaptionResponse described = captioner.caption(captionRequest(request));
        RequestLog.put("model", described.getParameters().getModel());
        RequestLog.put("outcome", described.getOutcome());
        return CaptionImageResponse.newBuilder()
                .setCaption(withoutBlocked(described, policies))
                .setOutputVerdict(verdict.verdict())
                .addAllCategories(verdict.categories())
                .addAllSafetyPolicies(verdict.policies())
                .build();
    }

    private void requireHarmless(String prefix, List<String> policies) {
        if (!prefix.isEmpty() && judge(prefix, policies) instanceof PromptVerdict.Blocked blocked) {
            throw Refusals.of(blocked);
        }
    }

    private PictureVerdict requireHarmless(ByteString picture, List<String> policies) {
        PictureVerdict verdict = outputCheck.judge(picture, policies);
        if (verdict.isBlocked()) {
            throw Refusals.of(verdict);
        }
        return verdict;
    }

    private CaptionResponse withoutBlocked(CaptionResponse described, List<String> policies) {
        CaptionResponse.Builder checked = described.toBuilder().clearCaptions();
        for (GeneratedCaption caption : described.getCaptionsList()) {
            switch (judge(caption.getText() + "\n" + caption.getModelText(), policies)) {
                case PromptVerdict.Blocked blocked ->
                    warn("CAPTION_BLOCKED", "A caption is held back: it says", "blocks", blocked.categories(), checked);
                case PromptVerdict.Passed passed -> {
                    checked.addCaptions(caption);
                    warn("CAPTION_FLAGGED", "A caption says", "flags", passed.flagged(), checked);
                }
            }
        }
        return checked.build();
    }

    private PromptVerdict judge(String words, List<String> policies) {
        return promptCheck.judge(words, "", policies);
    }

    /** Once for the same finding; nothing where there is none. */
    private static void warn(
            String reason, String subject, String verb, List<String> categories, CaptionResponse.Builder response) {
        Warning warning = Warning.newBuilder()
                .setReason(reason)
                .setMessage(subject + " what the safety policy " + verb + " (" + String.join(", ", categories) + ").")
                .build();
        if (!categories.isEmpty() && !response.getWarningsList().contains(warning)) {
            response.addWarnings(warning);
        }
    }

    private static CaptionRequest captionRequest(CaptionImageRequest request) {
        CaptionRequest.Builder caption = CaptionRequest.newBuilder()
                .setParameters(request.getParameters())
                .setImage(request.getImage())
                .setIncludeLowConfidence(request.getIncludeLowConfidence())
                .addAllBlockedTerms(request.getBlockedTermsList());
        if (request.hasMinConfidence()) {
            caption.setMinConfidence(request.getMinConfidence());
        }
        return caption.build();
    }
}
