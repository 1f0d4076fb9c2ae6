import { type Browser, chromium } from 'playwright-core';
import type { TestContext } from 'vitest';
import { requireTool } from './require-tool.ts';

/** Debian's Chromium, headless; where it is not installed the test is skipped. Close it at the end. */
export async function startChromium(context: TestContext): Promise<Browser> {
  return await launchChromium(requireTool(context, 'chromium', 'chromium'));
}

/** As root there is no sandbox to be had; small /dev/shm of containers is not used. Pages are ours. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
