// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.darkroom.gateway.batch.Value.Mapping;
import dev.darkroom.gateway.batch.Value.Scalar;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Makes items of entries. One use. */
final class Planner {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-zA-Z][a-zA-Z0-9_]*)}");
    private static final String WITH = "with.";
    private static final int MAX_ERRORS = 1_000;

    private final List<ManifestError> errors;
    private final List<ManifestItem> items = new ArrayList<>();
    private final Map<String, Integer> lineOfId = new HashMap<>();
    private final Map<String, Integer> indexOfDigest = new HashMap<>();

    Planner(List<ManifestError> errors) {
        this.errors = errors;
    }

    /** What was planned; of no use where errors were noted. */
    List<ManifestItem> items() {
        return items;
    }

    void plan(ManifestReader.Entries read) {
        for (Mapping entry : read.entries()) {
            if (errors.size() >= MAX_ERRORS) {
                error(entry.line(), entry.column(), "", "and from here on: not looked at, as there are so many errors");
                return;
            }
            plan(OpenAiLine.is(entry) ? OpenAiLine.translate(entry, errors) : entry, read.defaults());
        }
        if (read.entries().isEmpty() && errors.isEmpty()) {
            error(1, 1, "", "must hold at least one item");
        }
    }

    private void plan(Mapping entry, Mapping defaults) {
        Value named = entry.values().get("kind");
        Optional<ItemKind> kind = kind(named == null ? defaults.values().get("kind") : named);
        if (kind.isEmpty()) {
            return;
        }
        Map<String, Value> values = new LinkedHashMap<>(defaults.values());
        values.keySet().removeIf(field -> isOfAnotherKind(kind.get(), field));
        values.putAll(entry.values());
        values.remove("kind");
        Value id = values.remove("id");
        int before = errors.size();
        Grid grid = Grid.of(entry, values, field -> isWhole(kind.get(), field), errors);
        grid.axes().forEach((field, axis) -> requireKnown(kind.get(), field, axis, grid));
        long size = grid.size(Manifest.MAX_ITEMS);
        if (items.size() + size > Manifest.MAX_ITEMS) {
            error(entry.line(), entry.column(), "", "makes more than " + Manifest.MAX_ITEMS + " items in all");
        }
        if (errors.size() > before) {
            return;
        }
        String name = id(id, entry);
        for (long i = 0; i < size && errors.size() == before; i++) {
            String itemId = size == 1 ? name : name + "-" + (i + 1);
            add(kind.get(), itemId, grid.get(i), entry, id == null ? entry : id);
        }
    }

    /** A default is for the kinds that have its field; what none has stays, to be complained of. */
    private static boolean isOfAnotherKind(ItemKind kind, String field) {
        return !has(kind, field) && Arrays.stream(ItemKind.values()).anyMatch(other -> has(other, field));
    }

    private static boolean has(ItemKind kind, String field) {
        return kind.fieldNames().stream().anyMatch(name -> name.equals(field) || name.startsWith(field + "."));
    }

    private Optional<ItemKind> kind(@Nullable Value value) {
        if (value == null || value instanceof Value.Nothing) {
            return Optional.of(ItemKind.IMAGE);
        }
        String word = value instanceof Scalar scalar ? scalar.text().strip() : "";
        Optional<ItemKind> kind = ItemKind.of(word);
        if (kind.isEmpty()) {
            error(
                    value.line(),
                    value.column(),
                    "kind",
                    "must be one of " + ItemKind.words() + ", but was " + cut(word));
        }
        return kind;
    }

    private String id(@Nullable Value value, Mapping entry) {
        if (value == null || value instanceof Value.Nothing) {
            return String.valueOf(entry.line());
        }
        String id = value instanceof Scalar scalar ? scalar.text().strip() : "";
        if (!ID.matcher(id).matches()) {
            error(
                    value.line(),
                    value.column(),
                    "id",
                    "must be 1 to 64 letters, digits, dots, hyphens and underscores, the first one a letter or a digit, but was "
                            + cut(id));
        }
        return id;
    }

    private static boolean isWhole(ItemKind kind, String field) {
        return field.startsWith(WITH)
                || kind.field(field).filter(path -> isWhole(path.getLast())).isPresent();
    }

    private static boolean isWhole(FieldDescriptor field) {
        return field.getJavaType() == FieldDescriptor.JavaType.INT
                || field.getJavaType() == FieldDescriptor.JavaType.LONG;
    }

    private void requireKnown(ItemKind kind, String field, List<Scalar> axis, Grid grid) {
        if (field.equals("image") || field.startsWith(WITH) || kind.field(field).isPresent()) {
            return;
        }
        Value at = axis.isEmpty() ? grid.entry() : axis.getFirst();
        error(
                at.line(),
                at.column(),
                printable(field),
                "is no field of kind " + kind.word() + "; known: id, kind, image, with, "
                        + String.join(", ", kind.fieldNames()));
    }

    private void add(ItemKind kind, String id, Map<String, Scalar> values, Mapping entry, Value at) {
        Map<String, String> words = new HashMap<>();
        values.forEach((field, value) -> {
            if (field.startsWith(WITH)) {
                words.put(field.substring(WITH.length()), value.text());
            }
        });
        Message.Builder request = kind.newRequest();
        String image = "";
        for (Map.Entry<String, Scalar> value : values.entrySet()) {
            Scalar filled = fill(value.getKey(), value.getValue(), words);
            if (value.getKey().equals("image")) {
                image = filled.text();
            } else {
                kind.field(value.getKey()).ifPresent(path -> set(request, path, value.getKey(), filled));
            }
        }
        require(kind, values, image, entry);
        Integer line = lineOfId.putIfAbsent(id, entry.line());
        if (line != null) {
            error(at.line(), at.column(), "id", "must be unique, but " + id + " is the id of line " + line + " too");
        }
        Message built = request.build();
        String digest = digest(kind, built, image);
        int index = items.size();
        int original = indexOfDigest.computeIfAbsent(digest, _ -> index);
        items.add(new ManifestItem(index, entry.line(), id, kind, built, image, digest, original));
    }

    private void require(ItemKind kind, Map<String, Scalar> values, String image, Mapping entry) {
        if (kind == ItemKind.IMAGE
                && (!values.containsKey("prompt") || values.get("prompt").text().isBlank())) {
            error(entry.line(), entry.column(), "prompt", "is required");
        }
        if (kind.requiresImage() && image.isBlank()) {
            error(entry.line(), entry.column(), "image", "is required");
        }
    }

    /** Puts the words of {@code with} in the place of {@code {name}}. Without any, braces are braces. */
    private Scalar fill(String field, Scalar value, Map<String, String> words) {
        if (words.isEmpty() || field.startsWith(WITH) || value.text().indexOf('{') < 0) {
            return value;
        }
        Matcher placeholder = PLACEHOLDER.matcher(value.text());
        String text = placeholder.replaceAll(found -> {
            String word = words.get(found.group(1));
            if (word == null) {
                error(
                        value.line(),
                        value.column(),
                        field,
                        "asks for " + found.group() + ", but with has only " + String.join(", ", words.keySet()));
                return "";
            }
            return Matcher.quoteReplacement(word);
        });
        return new Scalar(value.line(), value.column(), text, value.isText());
    }

    private void set(Message.Builder request, List<FieldDescriptor> path, String name, Scalar value) {
        Message.Builder target = request;
        for (FieldDescriptor parent : path.subList(0, path.size() - 1)) {
            target = target.getFieldBuilder(parent);
        }
        FieldDescriptor field = path.getLast();
        try {
            Object parsed = FieldValue.parse(field, value.text());
            target.setField(field, parsed);
        } catch (IllegalArgumentException _) {
            error(
                    value.line(),
                    value.column(),
                    name,
                    "must be " + FieldValue.expected(field) + ", but was " + cut(value.text()));
        }
    }

    private void error(int line, int column, String field, String message) {
        errors.add(new ManifestError(line, column, field, message));
    }

    private static String cut(String text) {
        return "\"" + printable(text) + "\"";
    }

    private static String printable(String text) {
        String shown = text.replaceAll("\\p{Cntrl}", "?");
        return shown.length() <= 40 ? shown : shown.substring(0, 40) + "...";
    }

    private static String digest(ItemKind kind, Message request, String image) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(request.getSerializedSize() + 64);
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            out.useDeterministicSerialization();
            out.writeStringNoTag(kind.word());
            out.writeStringNoTag(image);
            request.writeTo(out);
            out.flush();
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha256.digest(bytes.toByteArray()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has SHA-256
        }
    }
}
