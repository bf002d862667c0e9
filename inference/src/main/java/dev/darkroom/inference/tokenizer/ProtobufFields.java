// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Walks the fields of a message in protobuf's wire format: a tag, then a varint, eight bytes, a length with bytes, or four bytes. All of
 * its methods throw IllegalArgumentException if the bytes are something else.
 */
final class ProtobufFields {
    private final ByteBuffer in;
    private int field;
    private long number;
    private byte[] bytes = {};

    ProtobufFields(byte[] message) {
        in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Steps to the next field and tells whether there is one. */
    boolean next() {
        if (!in.hasRemaining()) {
            return false;
        }
        try {
            read();
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("cut short at " + in.limit() + " bytes", e);
        }
        return true;
    }

    private void read() {
        long tag = varint();
        field = (int) (tag >>> 3);
        bytes = new byte[0];
        switch ((int) tag & 7) {
            case 0 -> number = varint();
            case 1 -> number = in.getLong();
            case 2 -> bytes = bytes(varint());
            case 5 -> number = in.getInt();
            default -> throw new IllegalArgumentException("wire type " + (tag & 7));
        }
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte part = in.get();
            value |= (long) (part & 0x7f) << shift;
            if (part >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a varint of more than ten bytes");
    }

    private byte[] bytes(long length) {
        if (length < 0 || length > in.remaining()) {
            throw new IllegalArgumentException("a field of " + length + " bytes with " + in.remaining() + " left");
        }
        byte[] value = new byte[(int) length];
        in.get(value);
        return value;
    }

    int field() {
        return field;
    }

    /** Returns the value of a varint, or the bits of a fixed-size field. */
    long number() {
        return number;
    }

    byte[] bytes() {
        return bytes;
    }

    ProtobufFields message() {
        return new ProtobufFields(bytes);
    }
}
