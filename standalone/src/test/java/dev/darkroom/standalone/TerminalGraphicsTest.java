// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.standalone.TerminalGraphics.Cells;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a terminal gets, byte for byte. */
class TerminalGraphicsTest {

    private static final int RED = 0xff0000;
    private static final int BLUE = 0x0000ff;

    /** Red over blue, one column. */
    private final BufferedImage tiny = picture(1, 2, RED, BLUE);

    @Test
    void kitty_tinyPicture_isTransmittedAsRgbAndShownInTheCells() {
        String rgb = Base64.getEncoder().encodeToString(new byte[] {-1, 0, 0, 0, 0, -1});

        assertThat(new KittyGraphics().draw(tiny, new Cells(2, 2)))
                .isEqualTo("\u001b_Ga=T,q=2,C=1,f=24,i=1,p=1,s=1,v=2,c=2,r=2,m=0;" + rgb + "\u001b\\")
                .contains(";/wAAAAD/\u001b");
    }

    @Test
    void kitty_largerPicture_isSentInChunksOfAtMost4096Characters() {
        String drawn =
                new KittyGraphics().draw(new BufferedImage(200, 100, BufferedImage.TYPE_INT_RGB), new Cells(40, 10));

        var chunks = Pattern.compile("\u001b_G([^;]*);([^\u001b]*)\u001b\\\\")
                .matcher(drawn)
                .results()
                .toList();
        assertThat(chunks).hasSize((200 * 100 * 4 + 4095) / 4096);
        assertThat(chunks.getFirst().group(1)).contains("s=200,v=100").endsWith(",m=1");
        assertThat(chunks.subList(1, chunks.size() - 1))
                .allMatch(chunk -> chunk.group(1).equals("m=1"));
        assertThat(chunks.getLast().group(1)).isEqualTo("m=0");
        assertThat(chunks).allMatch(chunk -> chunk.group(2).length() <= 4096);
    }

    @Test
    void sixel_tinyPicture_isOneBandOfTwoColours() {
        // the upper pixel is bit 0 ('?' + 1), the lower one bit 1 ('?' + 2)
        assertThat(SixelGraphics.encode(tiny))
                .isEqualTo("\u001bP0;1q\"1;1;1;2#5;2;0;0;100#180;2;100;0;0#5A$#180@\u001b\\");
    }

    @Test
    void sixel_widePlainPicture_countsRunsAndBeginsANewBandAfterSixRows() {
        BufferedImage plain = new BufferedImage(10, 7, BufferedImage.TYPE_INT_RGB);

        assertThat(SixelGraphics.encode(plain)).isEqualTo("\u001bP0;1q\"1;1;10;7#0;2;0;0;0#0!10~-#0!10@\u001b\\");
    }

    @Test
    void sixel_colourBetweenTwoLevels_isDitheredInProportion() {
        BufferedImage grey = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 16; i++) {
            grey.setRGB(i % 4, i / 4, 0x4c4c4c); // 76: about half the way from level 1 (51) to level 2 (102)
        }

        String drawn = SixelGraphics.encode(grey);

        assertThat(drawn).contains("#43;2;20;20;20").contains("#86;2;40;40;40");
        assertThat(bits(drawn, 86)).isEqualTo(8);
    }

    @Test
    void halfBlocks_tinyPicture_isOneCell() {
        assertThat(new HalfBlocks().draw(tiny, new Cells(1, 1)))
                .isEqualTo("\u001b[38;2;255;0;0;48;2;0;0;255m▀\u001b[0m");
    }

    @Test
    void halfBlocks_severalRows_beginAtTheLeft() {
        assertThat(HalfBlocks.encode(picture(1, 4, RED, RED, BLUE, BLUE)))
                .isEqualTo("\u001b[38;2;255;0;0;48;2;255;0;0m▀\u001b[0m\r\n"
                        + "\u001b[38;2;0;0;255;48;2;0;0;255m▀\u001b[0m");
    }

    @ParameterizedTest
    @CsvSource({"64,64,32,16", "256,256,32,16", "64,128,16,16", "1000,100,78,4", "1,1000,1,16"})
    void cells_anyProportions_fitTheRowsAndTheLine(int width, int height, int columns, int rows) {
        assertThat(Cells.fit(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), 16))
                .isEqualTo(new Cells(columns, rows));
    }

    @Test
    void panel_twoPictures_scrollsOnceAndReturnsToTheLineBelow() {
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        Panel panel = new Panel(new PrintStream(shown, true, StandardCharsets.UTF_8), (picture, cells) -> "<picture>");

        panel.show(tiny);
        panel.show(tiny);

        String inPlace = "\u001b[16A\u001b7<picture>\u001b8\u001b[16B";
        assertThat(shown.toString(StandardCharsets.UTF_8))
                .isEqualTo("\r\u001b[K" + "\n".repeat(16) + inPlace + "\r\u001b[K" + inPlace);
    }

    /** Counts the pixels that a colour sets in a picture of one band. */
    private static int bits(String sixel, int colour) {
        var data = Pattern.compile("[$#0-9;\"]#" + colour + "([?-~]+)")
                .matcher(sixel.replaceAll("(#\\d+;2;\\d+;\\d+;\\d+)+", "$0\""));
        assertThat(data.find()).as(sixel).isTrue();
        return data.group(1).chars().map(it -> Integer.bitCount(it - '?')).sum();
    }

    private static BufferedImage picture(int width, int height, int... pixels) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        picture.setRGB(0, 0, width, height, pixels, 0, width);
        return picture;
    }
}
