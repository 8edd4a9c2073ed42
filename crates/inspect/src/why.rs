//! Why an attempt failed or was answered badly: the likely cause in a sentence, and the next step.
