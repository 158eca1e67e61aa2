// How the scripts of the widgets are checked; `make lint` does it. Types are checked by tsc.

import js from "@eslint/js";

export default [
  { ignores: [".venv/", "_build/", "build/", "dist/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "complexity": ["error", 15],
      "eqeqeq": "error",
      "max-depth": ["error", 3],
      "max-len": ["error", { code: 100 }],
      "max-lines-per-function": ["error", { max: 120 }],
      "max-params": ["error", 6],
      "no-undef": "off", // tsc knows the names that a browser has
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { files: ["tools/lab/**/*.js"], languageOptions: { sourceType: "script" } },
];
