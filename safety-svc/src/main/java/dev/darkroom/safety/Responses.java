// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.safety.policy.Policy;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckOutputResponse;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.OutputFinding;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.safety.v1.Severity;
import dev.darkroom.safety.v1.UsedPolicy;
import java.util.List;

/** Verdicts in the words of the contract. */
final class Responses {

    private Responses() {}

    static CheckPromptResponse of(Verdict verdict) {
        return CheckPromptResponse.newBuilder()
                .setAction(action(verdict.action()))
                .addAllFindings(
                        verdict.findings().stream().map(Responses::finding).toList())
                .addAllPolicies(used(verdict.policies()))
                .build();
    }

    static CheckOutputResponse of(PictureVerdict verdict, List<Policy> policies) {
        CheckOutputResponse.Builder response =
                CheckOutputResponse.newBuilder().setVerdict(verdict(verdict)).addAllPolicies(used(policies));
        if (verdict instanceof PictureVerdict.Checked checked) {
            checked.findings().forEach(finding -> response.addFindings(finding(finding)));
            response.setModelDigest(checked.modelDigest());
        }
        return response.build();
    }

    static OutputVerdict verdict(PictureVerdict verdict) {
        return switch (verdict) {
            case PictureVerdict.Unchecked() -> OutputVerdict.OUTPUT_VERDICT_UNCHECKED;
            case PictureVerdict.Checked checked ->
                switch (checked.action()) {
                    case ALLOW -> OutputVerdict.OUTPUT_VERDICT_ALLOWED;
                    case FLAG -> OutputVerdict.OUTPUT_VERDICT_FLAGGED;
                    case BLOCK -> OutputVerdict.OUTPUT_VERDICT_BLOCKED;
                };
        };
    }

    private static List<UsedPolicy> used(List<Policy> policies) {
        return policies.stream()
                .map(policy -> UsedPolicy.newBuilder()
                        .setName(policy.name())
                        .setDigest(policy.digest())
                        .build())
                .toList();
    }

    private static dev.darkroom.safety.v1.Finding finding(Finding finding) {
        return dev.darkroom.safety.v1.Finding.newBuilder()
                .setCategory(finding.category())
                .setSeverity(severity(finding.severity()))
                .setAction(action(finding.action()))
                .setField(field(finding.field()))
                .setStart(finding.span().start())
                .setEnd(finding.span().end())
                .build();
    }

    private static OutputFinding finding(PictureFinding finding) {
        return OutputFinding.newBuilder()
                .setConcept(finding.concept())
                .setCategory(finding.category())
                .setSeverity(severity(finding.severity()))
                .setAction(action(finding.action()))
                .setScore((float) finding.score())
                .build();
    }

    private static Action action(dev.darkroom.safety.policy.Action action) {
        return switch (action) {
            case ALLOW -> Action.ACTION_ALLOW;
            case FLAG -> Action.ACTION_FLAG;
            case BLOCK -> Action.ACTION_BLOCK;
        };
    }

    private static Severity severity(dev.darkroom.safety.policy.Severity severity) {
        return switch (severity) {
            case LOW -> Severity.SEVERITY_LOW;
            case MEDIUM -> Severity.SEVERITY_MEDIUM;
            case HIGH -> Severity.SEVERITY_HIGH;
        };
    }

    private static String field(Finding.Field field) {
        return switch (field) {
            case PROMPT -> "prompt";
            case NEGATIVE_PROMPT -> "negative_prompt";
        };
    }
}
