"""What the fields of requests are for; their shapes come from the models that read them."""

FIELDS: dict[str, dict[str, str]] = {
    "EditRequest": {
        "prompt": "What to do with the images.",
        "images": "`https` or `data:` URLs; the first one's shape is the default.",
        "model": "As in the price book.",
        "resolution": "In any case.",
        "aspect_ratio": "One of the model's; without it, as the first image.",
        "output_format": "Without it, as the provider delivers.",
        "response": "Whether the answer has an address of the image, or the image.",
        "tags": "For policy rules and reports; the key's own win.",
        "callback_url": "Told once when the edit has ended, with the headers of Standard Webhooks.",
        "deadline_s": "Without it, the policy's.",
        "price_max": "In dollars: the edit must not cost more.",
    },
    "KeyRequest": {
        "tenant": "Whose budgets pay; a viewer's may be `everyone`.",
        "role": "What it may do.",
        "name": "For people; entries made with it carry it.",
        "tags": "Of every job that is asked for with it.",
        "expires_at": "From then on it is refused; null for never.",
        "budget": "Of its own, as in a policy: `$20.00 per month`. It binds beside all others.",
    },
    "RaiseRequest": {
        "by": "How much more may be spent in each window that it is in force in, in dollars.",
        "until": "From then on the limit is the policy's again.",
        "reason": "For the journal.",
        "scope": "One of the budget's accounts, as its list names it; without it, each of them.",
    },
    "EndRequest": {"reason": "For the journal."},
    "ShortApiCreate": {
        "model": "ShortAPI's name of it, as in the price book.",
        "args": "As `ShortApiArgs`.",
        "callback_url": "As for an edit; `CALLBACK_URL`, empty and null are none.",
    },
    "ShortApiArgs": {
        "prompt": "What to do with the images.",
        "image_urls": "`https` or `data:` URLs.",
        "aspect_ratio": "One of the model's; without it, as the first image.",
        "resolution": "In any case.",
        "num_images": "Only 1: one request buys one edit.",
    },
    "RunpodRun": {
        "input": "As `RunpodInput`; once more in an `input` is the same.",
        "webhook": "As `callback_url` of an edit.",
        "policy": "As `RunpodPolicy`.",
        "s3Config": "Not served.",
    },
    "RunpodInput": {
        "prompt": "What to do with the images.",
        "images": "`https` or `data:` URLs.",
        "image": "One of them, for models that take one.",
        "resolution": "In any case.",
        "aspect_ratio": "One of the model's; without it, `auto` or `match_input_image`: as the "
        "first image.",
        "output_format": "`png` or `jpeg`; without it, as the provider delivers.",
        "enable_base64_output": "Whether the answer has the image itself.",
    },
    "RunpodPolicy": {
        "executionTimeout": "Milliseconds; the shorter of both is the job's deadline.",
        "ttl": "Milliseconds.",
    },
    "RotateRequest": {
        "grace_s": "For how long the former key still works.",
        "expires_at": "The new key's end. Without it, it lives as long as the former was made for.",
    },
    "SettleRequest": {
        "posted": "What the provider charged, in dollars; or else `voided`.",
        "voided": "The provider has charged nothing.",
        "reason": "What it is known by, for the journal.",
        "force": "Book it although it is far above what was held, or is settled already.",
    },
}
