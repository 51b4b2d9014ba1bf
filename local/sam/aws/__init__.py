"""What stands in for AWS: moto in memory, a CloudWatch of our own, and Amazon's DynamoDB Local."""
