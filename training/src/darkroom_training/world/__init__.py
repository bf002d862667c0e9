# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""The pocket world: captioned scenes drawn from an openly licensed emoji font over painted backdrops.

A scene is a small record; ``draw`` paints it and ``caption`` words it. Everything is a function of the scene and the time in seconds: the
same scene is the same picture at 64, 256 or 1024 px, which is what super-resolution learns from, and at any frame rate, which is what
frame interpolation learns from.
"""

from darkroom_training.world.caption import caption
from darkroom_training.world.draw import draw, subject_mask
from darkroom_training.world.scene import Scene, held_out, numbered_scene, sample

__all__ = ["Scene", "caption", "draw", "held_out", "numbered_scene", "sample", "subject_mask"]
