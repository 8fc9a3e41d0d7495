import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClockWatch } from './clock-watch.ts'

test('[OPS-06] [AL-18] a clock that jumps is told once, forwards and back; one that is slewed or paused is not', () => {
  const time = { wall: 1_800_000_000_000, steady: 0 }
  const jumps: number[] = []
  const look = createClockWatch({
    wall: () => time.wall,
    steady: () => time.steady,
    onJump: (seconds) => jumps.push(seconds),
  })
  const pass = (wall: number, steady = wall) => {
    time.wall += wall
    time.steady += steady
    look()
  }
  for (let second = 0; second < 100; second += 1) pass(1000)
  // Slewed by half a second in each, for a minute.
  for (let second = 0; second < 60; second += 1) pass(1500, 1000)
  // The process stood still for an hour.
  pass(3_600_000)
  pass(6000, 1000)
  assert.deepEqual(jumps, [])
  pass(16_000, 1000)
  pass(1000)
  assert.deepEqual(jumps, [15])
  pass(-3_599_000, 1000)
  pass(1000)
  assert.deepEqual(jumps, [15, -3600])
})
