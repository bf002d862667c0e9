// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.media.v1.Preview;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/** Shows the pictures of one request while they are made: in the terminal, all in one place, or in files. Not thread-safe. */
final class PreviewDisplay {
    private final PictureFiles files;
    private final int pictures;
    private final boolean written;
    private final @Nullable Panel panel;
    private final TreeMap<Integer, BufferedImage> latest = new TreeMap<>();

    /**
     * @param mode none that still has to be detected
     * @param pictures that are asked for
     */
    PreviewDisplay(PreviewMode mode, PictureFiles files, int pictures) {
        this.files = files;
        this.pictures = pictures;
        this.written = mode == PreviewMode.FILE;
        this.panel = mode.isDrawn() ? new Panel(System.err, TerminalGraphics.of(mode)) : null;
    }

    void show(Preview preview) throws IOException {
        byte[] png = preview.getPng().toByteArray();
        if (written) {
            files.writePreview(preview.getIndex(), png);
        } else if (panel != null) {
            latest.put(preview.getIndex(), decode(png));
            panel.show(ContactSheet.of(tiles()));
        }
    }

    /** Shows what became of it, in the terminal. */
    void show(List<Picture> finished) throws IOException {
        if (panel != null && !finished.isEmpty()) {
            panel.show(ContactSheet.of(ContactSheet.tiles(finished)));
        }
    }

    private List<BufferedImage> tiles() {
        BufferedImage first = latest.firstEntry().getValue();
        List<BufferedImage> tiles = new ArrayList<>();
        for (int index = 0; index < pictures; index++) {
            tiles.add(latest.getOrDefault(index, ContactSheet.nothing(first.getWidth(), first.getHeight())));
        }
        return tiles;
    }

    private static BufferedImage decode(byte[] png) throws IOException {
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
        if (picture == null) {
            throw new IOException("the gateway sent a preview that is no picture");
        }
        return picture;
    }
}
