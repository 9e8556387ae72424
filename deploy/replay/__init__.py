"""What a challenger would have answered to what a service was asked."""
