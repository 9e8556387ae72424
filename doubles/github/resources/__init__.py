"""What each of GitHub's resources does and refuses."""
