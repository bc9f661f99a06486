"""Try one kind of off-screen OpenGL in a process of its own, since drivers may crash: ``-m flows.gl_probe egl``."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Callable

EGL_PLATFORM_DEVICE = 0x313F
EGL_OPENGL_API = 0x30A2
EGL_CONFIG = (0x3033, 0x0001, 0x3040, 0x0008, 0x3024, 8, 0x3025, 24, 0x3038)
EGL_PBUFFER = (0x3057, 16, 0x3056, 16, 0x3038)
OSMESA_RGBA = 0x1908
GL_UNSIGNED_BYTE = 0x1401
GL_RENDERER = 0x1F01
GetString = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_uint)


def egl() -> str:
    """The name of the renderer behind the first EGL device that gives an OpenGL context."""
    lib = ctypes.CDLL("libEGL.so.1")
    lib.eglGetProcAddress.restype = ctypes.c_void_p
    prototype = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int))
    query = prototype(_required(lib.eglGetProcAddress(b"eglQueryDevicesEXT"), "eglQueryDevicesEXT"))
    devices, count = (ctypes.c_void_p * 16)(), ctypes.c_int()
    query(16, devices, ctypes.byref(count))
    for device in devices[: count.value]:
        renderer = _egl_renderer(lib, device)
        if renderer:
            return renderer
    raise OSError(f"none of {count.value} EGL devices gives an OpenGL context")


def osmesa() -> str:
    """The name of the OSMesa renderer."""
    lib = ctypes.CDLL(ctypes.util.find_library("OSMesa") or "libOSMesa.so.8")
    lib.OSMesaCreateContext.restype = ctypes.c_void_p
    context = ctypes.c_void_p(_required(lib.OSMesaCreateContext(OSMESA_RGBA, None), "OSMesaCreateContext"))
    buffer = (ctypes.c_ubyte * (16 * 16 * 4))()
    if not lib.OSMesaMakeCurrent(context, buffer, GL_UNSIGNED_BYTE, 16, 16):
        raise OSError("OSMesaMakeCurrent failed")
    lib.OSMesaGetProcAddress.restype = ctypes.c_void_p
    return _name(GetString(_required(lib.OSMesaGetProcAddress(b"glGetString"), "glGetString")))


def _egl_renderer(lib: ctypes.CDLL, device: int | None) -> str:
    display_of = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)
    display = ctypes.c_void_p(
        display_of(lib.eglGetProcAddress(b"eglGetPlatformDisplayEXT"))(EGL_PLATFORM_DEVICE, device, None)
    )
    if not lib.eglInitialize(display, None, None) or not lib.eglBindAPI(EGL_OPENGL_API):
        return ""
    config, count = ctypes.c_void_p(), ctypes.c_int()
    wanted = (ctypes.c_int * len(EGL_CONFIG))(*EGL_CONFIG)
    lib.eglChooseConfig(display, wanted, ctypes.byref(config), 1, ctypes.byref(count))
    if not count.value:
        return ""
    lib.eglCreatePbufferSurface.restype = lib.eglCreateContext.restype = ctypes.c_void_p
    size = (ctypes.c_int * len(EGL_PBUFFER))(*EGL_PBUFFER)
    surface = ctypes.c_void_p(lib.eglCreatePbufferSurface(display, config, size))
    context = ctypes.c_void_p(lib.eglCreateContext(display, config, None, None))
    if not lib.eglMakeCurrent(display, surface, surface, context):
        return ""
    return _name(GetString(lib.eglGetProcAddress(b"glGetString")))


def _name(get_string: Callable[[int], bytes | None]) -> str:
    return (get_string(GL_RENDERER) or b"").decode() or "unnamed renderer"


def _required(address: int | None, what: str) -> int:
    if not address:
        raise OSError(f"{what} is missing")
    return address


if __name__ == "__main__":
    try:
        sys.stdout.write({"egl": egl, "osmesa": osmesa}[sys.argv[1]]() + "\n")
    except OSError as error:
        sys.exit(str(error))
