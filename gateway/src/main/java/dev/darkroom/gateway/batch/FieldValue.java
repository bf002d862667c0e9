// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.Locale;

/** The values of fields as a manifest writes them. */
final class FieldValue {
    private FieldValue() {}

    /**
     * Returns what a field is set to.
     *
     * @throws IllegalArgumentException if it is no value of the field's type
     */
    static Object parse(FieldDescriptor field, String text) {
        String stripped = text.strip();
        return switch (field.getJavaType()) {
            case INT -> Integer.parseInt(stripped);
            case LONG -> Long.parseLong(stripped);
            case FLOAT -> requireFinite(Float.parseFloat(stripped));
            case DOUBLE -> requireFinite(Double.parseDouble(stripped));
            case BOOLEAN -> truth(stripped);
            case ENUM -> constant(field, stripped);
            case STRING -> text;
            case BYTE_STRING, MESSAGE -> throw new IllegalArgumentException();
        };
    }

    private static <T extends Number> T requireFinite(T number) {
        if (!Double.isFinite(number.doubleValue())) {
            throw new IllegalArgumentException();
        }
        return number;
    }

    private static boolean truth(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException();
        };
    }

    /** Accepts {@code alt-text}, {@code ALT_TEXT} and {@code CAPTION_STYLE_ALT_TEXT}. */
    private static Object constant(FieldDescriptor field, String text) {
        String wanted = text.toUpperCase(Locale.ROOT).replace('-', '_');
        return field.getEnumType().getValues().stream()
                .filter(it -> it.getNumber() != 0
                        && (it.getName().equals(wanted)
                                || word(field, it.getName()).equals(wanted)))
                .findFirst()
                .orElseThrow(IllegalArgumentException::new);
    }

    /** The name of a constant without that of its type. */
    private static String word(FieldDescriptor field, String constant) {
        String prefix = field.getEnumType().getName().replaceAll("([a-z])([A-Z])", "$1_$2") + "_";
        return constant.substring(Math.min(prefix.length(), constant.length()));
    }

    /** What a field takes, as the end of "must be". */
    static String expected(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case INT, LONG -> "a whole number, or a range such as 1..8";
            case FLOAT, DOUBLE -> "a finite number";
            case BOOLEAN -> "true or false";
            case ENUM ->
                "one of "
                        + String.join(
                                ", ",
                                field.getEnumType().getValues().stream()
                                        .filter(it -> it.getNumber() != 0)
                                        .map(it -> word(field, it.getName()).toLowerCase(Locale.ROOT))
                                        .toList());
            case STRING, BYTE_STRING, MESSAGE -> "text";
        };
    }
}
