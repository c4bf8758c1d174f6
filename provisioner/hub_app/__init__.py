"""The Dev Hub's own External Client App: deploys it with the certificate, without Setup."""
