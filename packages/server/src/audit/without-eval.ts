import { z } from 'zod';

// Schemas are not compiled: where the policy of a page forbids that, even the try is a violation. Set before the first schema is made.
z.config({ jitless: true });
