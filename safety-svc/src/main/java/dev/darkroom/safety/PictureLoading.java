// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.inference.InferenceException;
import dev.darkroom.rpc.Preparation;
import io.micronaut.context.exceptions.ConfigurationException;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the check of pictures before the service serves, and closes it after the last call. A model that was named and does not
 * fit keeps the service from serving.
 */
@Singleton
final class PictureLoading implements Preparation {

    private static final Logger LOG = LoggerFactory.getLogger(PictureLoading.class);

    private final OutputConfiguration configuration;
    private volatile @Nullable PictureCheck loaded;

    PictureLoading(OutputConfiguration configuration) {
        this.configuration = configuration;
    }

    @Override
    public void prepare() {
        Path folder = configuration.folder();
        if (folder == null) {
            LOG.info("event=output_check_off model={}", configuration.model());
            return;
        }
        long start = System.nanoTime();
        PictureCheck check = load(folder);
        loaded = check;
        LOG.info(
                "event=model_loaded model={} load_ms={} digest={}",
                folder.getFileName(),
                (System.nanoTime() - start) / 1_000_000,
                check.digest());
    }

    private PictureCheck load(Path folder) {
        try {
            return PictureCheck.load(configuration, folder);
        } catch (InferenceException e) {
            throw new ConfigurationException(folder + ": " + e.getMessage(), e);
        }
    }

    /** The check, null where no model is configured. */
    @Nullable
    PictureCheck check() {
        return loaded;
    }

    @PreDestroy
    void close() {
        PictureCheck closing = loaded;
        loaded = null;
        if (closing != null) {
            closing.close();
        }
    }
}
