#include "textflag.h"

// func dotFMA(rows, q, out *float32, n, count int)
//
// Four accumulators of eight floats hide the latency of the fused
// multiply-add; the rows are asked for 1 KiB ahead.
TEXT ·dotFMA(SB), NOSPLIT, $0-40
	MOVQ rows+0(FP), SI
	MOVQ q+8(FP), DX
	MOVQ out+16(FP), DI
	MOVQ n+24(FP), CX
	MOVQ count+32(FP), BX

row:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	MOVQ   DX, R8
	MOVQ   CX, R9

chunk:
	PREFETCHT0  1024(SI)
	PREFETCHT0  1088(SI)
	VMOVUPS     (SI), Y4
	VMOVUPS     32(SI), Y5
	VMOVUPS     64(SI), Y6
	VMOVUPS     96(SI), Y7
	VFMADD231PS (R8), Y4, Y0
	VFMADD231PS 32(R8), Y5, Y1
	VFMADD231PS 64(R8), Y6, Y2
	VFMADD231PS 96(R8), Y7, Y3
	ADDQ        $128, SI
	ADDQ        $128, R8
	SUBQ        $32, R9
	JNZ         chunk

	VADDPS       Y1, Y0, Y0
	VADDPS       Y3, Y2, Y2
	VADDPS       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VHADDPS      X0, X0, X0
	VHADDPS      X0, X0, X0
	VMOVSS       X0, (DI)
	ADDQ         $4, DI
	DECQ         BX
	JNZ          row
	VZEROUPPER
	RET
