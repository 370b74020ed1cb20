/* windows_macros.h - everyday words that other headers define as macros
 *
 * A program may include any of these before sppo.h: <windows.h> and what it
 * brings, zlib's zconf.h, X11, curses and term.h, <complex.h>, an old math.h,
 * <sys/param.h>, Arduino.h.  test_build.sh compiles the header and the
 * examples' headers after this one.  A name that is added to them and fails
 * here is to be another.                                                    */
#ifndef WINDOWS_MACROS_H
#define WINDOWS_MACROS_H

#ifdef __cplusplus  // whose own headers do not come after curses.h
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#ifdef _OPENMP
#include <omp.h>
#endif
#endif

/* windef.h, minwindef.h, rpcndr.h, combaseapi.h, wincon.h, zconf.h */
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define near
#define far
#define huge
#define pascal
#define cdecl
#define NEAR near
#define FAR far
#define PASCAL
#define CDECL
#define CALLBACK
#define WINAPI
#define APIENTRY
#define small char
#define hyper long long
#define interface struct
#define PURE = 0
#define THIS void
#define STDAPI extern
#define IN
#define OUT
#define OPTIONAL
#define UNALIGNED
#define RESTRICTED_POINTER
#define CONST const
#define VOID void
#define BOOL int
#define TRUE 1
#define FALSE 0
#define MAX_PATH 260
#define STRICT 1
#define C_ASSERT(e)
#define LANDSCAPE 1
/* wingdi.h, winuser.h, winnt.h, winerror.h, winbase.h, wincrypt.h */
#define ERROR 0
#define NO_ERROR 0
#define ABSOLUTE 1
#define RELATIVE 2
#define OPAQUE 2
#define TRANSPARENT 1
#define ALTERNATE 1
#define WINDING 2
#define PASSTHROUGH 19
#define DELETE 0x10000
#define DIFFERENCE 11
#define IGNORE 0
#define INFINITE 0xffffffff
#define INVALID 1
#define SUCCESS 0
#define FAILED(x) ((x) < 0)
#define SUCCEEDED(x) ((x) >= 0)
#define FACILITY 1
#define GetObject GetObjectA
#define GetMessage GetMessageA
#define GetClassName GetClassNameA
#define SendMessage SendMessageA
#define CreateWindow(a) CreateWindowExA(a)
#define CreateFile CreateFileA
#define DeleteFile DeleteFileA
#define CopyMemory memcpy
#define DrawText DrawTextA
#define LoadString LoadStringA
#define LoadImage LoadImageA
#define Yield()
#define s_addr S_un.S_addr
#define s_host S_un.S_un_b.s_b2
#define h_addr h_addr_list[0]
#define leave __leave
#define except __except
#define finally __finally
#define environ _environ
/* dlgs.h: the controls of common dialogs */
#define ctl1 0x1
#define psh1 0x1
#define chx1 0x1
#define rad1 0x1
#define rad2 0x2
#define grp1 0x1
#define frm1 0x1
#define rct1 0x1
#define ico1 0x1
#define stc1 0x1
#define lst1 0x1
#define cmb1 0x1
#define edt1 0x1
#define scr1 0x1
/* X.h, Xlib.h */
#define Bool int
#define Status int
#define True 1
#define False 0
#define None 0L
#define Always 2
#define Success 0
#define Above 0
#define Below 1
#define Complex 0
#define Convex 2
#define Unsorted 0
#define Button1 1
/* math.h of System V, complex.h, float.h's neighbours */
#define DOMAIN 1
#define SING 2
#define OVERFLOW 3
#define UNDERFLOW 4
#define TLOSS 5
#define PLOSS 6
#define HUGE 3.4e38f
#define PI 3.14159265358979
#define EULER 2.71828182845905
#define complex _Complex
#define imaginary _Imaginary
#define I (0.0F + 1.0iF)
/* sys/param.h, sys/sysmacros.h, sys/types.h; of gnu99 */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define howmany(x, y) (((x) + (y) - 1) / (y))
#define roundup(x, y) (((x) + (y) - 1) / (y) * (y))
#define powerof2(x) ((((x) - 1) & (x)) == 0)
#define setbit(a, i) ((a)[(i) / 8] |= 1 << (i) % 8)
#define clrbit(a, i) ((a)[(i) / 8] &= ~(1 << (i) % 8))
#define isset(a, i) ((a)[(i) / 8] & 1 << (i) % 8)
#define isclr(a, i) (((a)[(i) / 8] & 1 << (i) % 8) == 0)
#define major(dev) ((int)((dev) >> 8))
#define minor(dev) ((int)((dev) & 255))
#define unix 1
#define linux 1
#define sun 1
#define hz 100
/* termios.h, sys/ioctl.h, sys/ttydefaults.h */
#define ECHO 8
#define B0 0
#define B50 1
#define B9600 13
#define NL0 0
#define CR1 1
#define TAB1 1
#define BS1 1
#define VT1 1
#define FF1 1
#define OPOST 1
#define ISIG 1
#define CTRL(x) ((x) & 31)
/* curses.h; term.h, which no example's header is asked to survive */
#define OK 0
#define ERR (-1)
#define clear() wclear(stdscr)
#define erase() werase(stdscr)
#define move(y, x) wmove(stdscr, (y), (x))
#define refresh() wrefresh(stdscr)
#define border(a, b, c, d) wborder(stdscr, a, b, c, d)
#define timeout(delay) wtimeout(stdscr, delay)
#define scroll(w) wscroll(w, 1)
#ifndef WITHOUT_TERM
#define columns CUR Numbers[0]
#define lines CUR Numbers[2]
#define bell CUR Strings[1]
#define tab CUR Strings[134]
#define newline CUR Strings[103]
#endif
/* Arduino.h */
#define HIGH 1
#define LOW 0
#define INPUT 0
#define OUTPUT 1
#define DEFAULT 1
#define INTERNAL 3
#define EXTERNAL 0
#define CHANGE 1
#define RISING 3
#define FALLING 2
#define SERIAL 0
#define DISPLAY 1
#define DEC 10
#define HEX 16
#define OCT 8
#define BIN 2
#define F(text) (text)
#define sq(x) ((x) * (x))
#define radians(x) ((x) / 57.3)
#define degrees(x) ((x) * 57.3)
#define constrain(x, a, b) ((x) < (a) ? (a) : (x) > (b) ? (b) : (x))
#define bit(b) (1UL << (b))
#define bitRead(value, bit) (((value) >> (bit)) & 1)
#define lowByte(w) ((w) & 255)
#define highByte(w) ((w) >> 8)
#define word(...) makeWord(__VA_ARGS__)
#define interrupts()

#endif
