"""The vocabulary every part of Slipway shares: contract, bundle, tags, registry, ledger."""
