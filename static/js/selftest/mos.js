/**
 * Estimates the mean opinion score, 1 (useless) to 4.5 (perfect). This is the E-model (ITU-T G.107) as
 * simplified by Cole and Rosenbluth, "Voice over IP performance monitoring" (2001), with 2.5 points off
 * for each per cent lost.
 *
 * @param {{rttMs: number, jitterMs: number, lossPercent: number}} path
 * @returns {number} with one decimal
 */
export function meanOpinionScore({ rttMs, jitterMs, lossPercent }) {
  const effectiveMs = rttMs + 2 * jitterMs + 10;
  const delayed = effectiveMs < 160 ? 94.768 - effectiveMs / 40 : Math.max(0, 94.768 - (effectiveMs - 120) / 10);
  const factor = Math.max(0, delayed - 2.5 * lossPercent);
  const score = 1 + 0.035 * factor + 7e-6 * factor * (factor - 60) * (100 - factor);
  return Math.round(10 * Math.max(1, score)) / 10;
}
