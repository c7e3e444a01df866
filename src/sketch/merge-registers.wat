;; Written by scripts/generate-merge-module.ts, with the bytes in merge-registers.wasm.
;; Merges the registers from $source into those from $target up to $end, 16 at a time, at least once.
(module
  (memory (export "memory") 1)
  (func (export "merge") (param $target i32) (param $source i32) (param $end i32)
    (local $old v128) (local $incoming v128) (local $high v128) (local $low v128)
    loop $next
      local.get $target
      local.get $target
      v128.load align=16
      local.tee $old
      local.get $source
      v128.load align=16
      local.tee $incoming
      i8x16.max_u
      local.tee $high
      v128.const i8x16 0 1 2 3 2 2 3 3 1 1 1 1 0 0 0 0
      local.get $high
      i32.const 2
      i8x16.shr_u
      local.get $old
      local.get $incoming
      i8x16.min_u
      local.tee $low
      i32.const 2
      i8x16.shr_u
      i8x16.sub
      i32.const 3
      i8x16.splat
      i8x16.min_u
      i32.const 2
      i8x16.shl
      local.get $low
      i32.const 3
      i8x16.splat
      v128.and
      i8x16.add
      i8x16.swizzle
      v128.or
      v128.store align=16
      local.get $source
      i32.const 16
      i32.add
      local.set $source
      local.get $target
      i32.const 16
      i32.add
      local.tee $target
      local.get $end
      i32.lt_u
      br_if $next
    end))
