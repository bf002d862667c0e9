// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.csv.CsvFactory;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactoryBuilder;
import dev.darkroom.gateway.batch.Value.Mapping;
import dev.darkroom.gateway.batch.Value.Nothing;
import dev.darkroom.gateway.batch.Value.Scalar;
import dev.darkroom.gateway.batch.Value.Sequence;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;

/** Reads the entries of a manifest, whatever its format. What it cannot read it notes, and reads on where the format lets it. One use. */
final class ManifestReader {
    static final String DEFAULTS = "defaults";

    private static final String ITEMS = "items";
    private static final int MAX_DEPTH = 8;

    /** Fields of which brackets and dots are a part. */
    private static final Set<String> PROSE = Set.of("prompt", "negative_prompt", "prefix");

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final CsvFactory CSV = CsvFactory.builder().build();

    private final List<ManifestError> errors;
    private final List<Mapping> entries = new ArrayList<>();
    private Mapping defaults = new Mapping(1, 1, Map.of());

    private ManifestReader(List<ManifestError> errors) {
        this.errors = errors;
    }

    /** What was read. */
    record Entries(Mapping defaults, List<Mapping> entries) {}

    static Entries read(String text, ManifestFormat format, List<ManifestError> errors) {
        ManifestReader reader = new ManifestReader(errors);
        switch (format) {
            case JSONL -> reader.readLines(text);
            case CSV -> reader.readCsv(text);
            case YAML -> reader.readYaml(text);
        }
        return new Entries(reader.defaults, reader.entries);
    }

    private void readLines(String text) {
        int line = 0;
        for (String content : (Iterable<String>) text.lines()::iterator) {
            line++;
            if (!content.isBlank()) {
                readLine(content, line);
            }
        }
    }

    private void readLine(String content, int line) {
        try (JsonParser parser = JSON.createParser(content)) {
            parser.nextToken();
            Value value = value(parser, line);
            if (parser.nextToken() != null) {
                error(line, parser.currentTokenLocation(), "must hold one object and nothing after it");
            } else if (!(value instanceof Mapping entry)) {
                error(line, parser.currentTokenLocation(), "must be an object in braces");
            } else if (entries.isEmpty() && entry.values().keySet().equals(Set.of(DEFAULTS))) {
                takeDefaults(entry.values().get(DEFAULTS));
            } else {
                entries.add(entry);
            }
        } catch (JsonProcessingException e) {
            syntax(line, e);
        } catch (IOException e) {
            throw new IllegalStateException(e); // it is in memory
        }
    }

    private void readYaml(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setNestingDepthLimit(MAX_DEPTH);
        options.setAllowDuplicateKeys(false);
        options.setCodePointLimit(Integer.MAX_VALUE);
        YAMLFactoryBuilder builder = YAMLFactory.builder();
        YAMLFactory yaml = builder.loaderOptions(options)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
        try (JsonParser parser = yaml.createParser(text)) {
            if (parser.nextToken() != null) {
                takeDocument(value(parser, 0));
            }
        } catch (JsonProcessingException e) {
            syntax(0, e);
        } catch (IOException e) {
            throw new IllegalStateException(e); // it is in memory
        }
    }

    private void takeDocument(Value document) {
        switch (document) {
            case Sequence list -> list.values().forEach(this::takeEntry);
            case Mapping mapping -> {
                mapping.values().forEach((key, value) -> takeSection(key, value));
            }
            case Scalar _, Nothing _ -> add(document, "", "must be a list of items, or defaults and items");
        }
    }

    private void takeSection(String key, Value value) {
        switch (key) {
            case DEFAULTS -> takeDefaults(value);
            case ITEMS -> {
                if (value instanceof Sequence list) {
                    list.values().forEach(this::takeEntry);
                } else {
                    add(value, ITEMS, "must be a list");
                }
            }
            default -> add(value, key, "is not known here; known: defaults, items");
        }
    }

    private void takeEntry(Value value) {
        if (value instanceof Mapping entry) {
            entries.add(entry);
        } else {
            add(value, "", "must be a mapping of fields to values");
        }
    }

    private void takeDefaults(@Nullable Value value) {
        if (value instanceof Mapping mapping) {
            defaults = mapping;
        } else if (value != null) {
            add(value, DEFAULTS, "must be a mapping of fields to values");
        }
    }

    private Value value(JsonParser parser, int line) throws IOException {
        JsonLocation location = parser.currentTokenLocation();
        int at = line == 0 ? location.getLineNr() : line;
        int column = location.getColumnNr();
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Map<String, Value> values = new LinkedHashMap<>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                values.put(name, value(parser, line));
            }
            return new Mapping(at, column, values);
        }
        if (token == JsonToken.START_ARRAY) {
            List<Value> values = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                values.add(value(parser, line));
            }
            return new Sequence(at, column, values);
        }
        if (token == null || token == JsonToken.VALUE_NULL) {
            return new Nothing(at, column);
        }
        return new Scalar(at, column, parser.getText(), token == JsonToken.VALUE_STRING);
    }

    private void readCsv(String text) {
        List<String> header = new ArrayList<>();
        try (CsvParser parser = CSV.createParser(text)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.START_ARRAY) {
                    int line = Math.max(1, parser.currentLocation().getLineNr());
                    List<String> row = row(parser);
                    if (header.isEmpty()) {
                        header.addAll(row.stream().map(String::strip).toList());
                    } else {
                        takeRow(header, row, line);
                    }
                }
            }
        } catch (JsonProcessingException e) {
            syntax(0, e);
        } catch (IOException e) {
            throw new IllegalStateException(e); // it is in memory
        }
    }

    private static List<String> row(CsvParser parser) throws IOException {
        List<String> row = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            row.add(parser.getText());
        }
        return row;
    }

    private void takeRow(List<String> header, List<String> row, int line) {
        if (row.stream().allMatch(String::isBlank)) {
            return;
        }
        if (row.size() > header.size()) {
            errors.add(new ManifestError(
                    line,
                    header.size() + 1,
                    "",
                    "has " + row.size() + " cells, but the header names " + header.size()));
            return;
        }
        Map<String, Value> values = new LinkedHashMap<>();
        for (int i = 0; i < row.size(); i++) {
            if (!row.get(i).isBlank()) {
                String field = header.get(i);
                values.put(
                        field,
                        PROSE.contains(field)
                                ? new Scalar(line, i + 1, row.get(i), true)
                                : cell(row.get(i), line, i + 1));
            }
        }
        entries.add(new Mapping(line, 1, values));
    }

    /** A cell in brackets is a list, as in YAML. */
    private static Value cell(String text, int line, int column) {
        String stripped = text.strip();
        if (!stripped.startsWith("[") || !stripped.endsWith("]")) {
            return new Scalar(line, column, text, false);
        }
        List<Value> values = new ArrayList<>();
        for (String part : stripped.substring(1, stripped.length() - 1).split(",", -1)) {
            values.add(new Scalar(line, column, part.strip(), false));
        }
        return new Sequence(line, column, values);
    }

    private void syntax(int line, JsonProcessingException e) {
        JsonLocation location = e.getLocation();
        String message = e.getOriginalMessage().lines().findFirst().orElse("cannot be read");
        error(line, location == null ? JsonLocation.NA : location, message);
    }

    private void error(int line, JsonLocation location, String message) {
        errors.add(new ManifestError(
                line == 0 ? Math.max(1, location.getLineNr()) : line,
                Math.max(1, location.getColumnNr()),
                "",
                message));
    }

    private void add(Value value, String field, String message) {
        errors.add(new ManifestError(value.line(), value.column(), field, message));
    }
}
